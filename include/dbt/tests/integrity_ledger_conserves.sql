-- Each kind of entry adds up to what its source rows add up to: no join lost or doubled a row.
with ledger as (

    select
        entry_kind,
        sum(amount) as amount
    from {{ ref('int_ledger_entries_unioned') }}
    group by entry_kind

),

completed as (

    select procedure_id
    from {{ ref('stg_open_dental__procedures') }}
    where procedure_status_code = 2

),

plans as (

    select
        payment_plan_id,
        insurance_plan_id
    from {{ ref('stg_open_dental__payment_plans') }}

),

source_sums as (

    select
        'procedure' as entry_kind,
        sum(fee_amount) as amount
    from {{ ref('stg_open_dental__procedures') }}
    where procedure_status_code = 2

    union all

    select
        'claim_procedure' as entry_kind,
        -sum(claimed.writeoff_amount)
        - coalesce(
            sum(claimed.insurance_pay_amount) filter (where claimed.payment_plan_id is null), 0
        ) as amount
    from {{ ref('stg_open_dental__claim_procedures') }} as claimed
    -- A subquery behind an "or" would be searched anew for every row.
    left join completed
        on claimed.procedure_id = completed.procedure_id
    where
        claimed.claim_procedure_status_code in (1, 4, 5, 7)
        and (claimed.procedure_id is null or completed.procedure_id is not null)

    union all

    select
        'adjustment' as entry_kind,
        sum(adjustment_amount) as amount
    from {{ ref('stg_open_dental__adjustments') }}

    union all

    select
        'patient_payment' as entry_kind,
        -sum(split_amount) as amount
    from {{ ref('stg_open_dental__payment_splits') }}
    where
        coalesce(unearned_type_id, 0) not in (
            select hidden.definition_id
            from {{ ref('stg_open_dental__definitions') }} as hidden
            where hidden.is_hidden_unearned
        )

    union all

    select
        'plan_debit' as entry_kind,
        sum(principal_amount + interest_amount) as amount
    from {{ ref('stg_open_dental__payment_plan_charges') }}
    where
        charge_type_code = 0
        and payment_plan_id in (
            select own.payment_plan_id from plans as own
            where own.insurance_plan_id is null
        )

    union all

    select
        'plan_credit' as entry_kind,
        -sum(principal_amount) as amount
    from {{ ref('stg_open_dental__payment_plan_charges') }}
    where
        charge_type_code = 1
        and payment_plan_id in (select every_plan.payment_plan_id from plans as every_plan)

)

select source_sums.entry_kind
from source_sums
left join ledger
    on source_sums.entry_kind = ledger.entry_kind
where coalesce(source_sums.amount, 0) <> coalesce(ledger.amount, 0)
