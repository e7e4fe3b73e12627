with claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}
    where {{ is_restated('patient_id') }}

),

-- What each mode counts; a claim procedure is read once for all of them.
kinds as (

    select *
    from (
        values (0, 'writeoff'), (1, 'writeoff'), (2, 'estimate'), (2, 'adjustment')
    ) as kinds (writeoff_mode_code, writeoff_kind)

),

unioned as (

    select
        kinds.writeoff_mode_code,
        kinds.writeoff_kind,
        claim_procedures.claim_procedure_id,
        claim_procedures.procedure_id,
        claim_procedures.claim_id,
        claim_procedures.patient_id,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_procedures.insurance_plan_id,
        claim_procedures.is_not_received,
        claim_procedures.fee_billed_amount,
        claim_procedures.writeoff_amount as actual_writeoff_amount,
        claim_procedures.snapshot_writeoff_amount,
        claim_procedures.snapshot_at,
        case
            when kinds.writeoff_kind = 'estimate' then claim_procedures.snapshot_at::date
            when kinds.writeoff_mode_code = 1 then claim_procedures.procedure_on
            else claim_procedures.claim_procedure_on
        end as business_on,
        case kinds.writeoff_kind
            when 'estimate' then claim_procedures.snapshot_writeoff_amount
            when 'adjustment'
                then claim_procedures.writeoff_amount - claim_procedures.snapshot_writeoff_amount
            else claim_procedures.writeoff_amount
        end as writeoff_amount
    from claim_procedures
    inner join kinds
        on case kinds.writeoff_kind
            when 'estimate' then claim_procedures.is_claimed and claim_procedures.has_snapshot
            when 'adjustment' then claim_procedures.is_received
            else
                claim_procedures.is_received
                or (kinds.writeoff_mode_code = 1 and claim_procedures.is_claimed)
        end

)

select * from unioned
