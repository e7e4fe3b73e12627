-- Each kind of entry has, day by day, the rows and the money of what it is made of: no join lost or
-- doubled a row.
with ledger as (

    select
        entry_kind,
        entry_on,
        count(*) as entry_count,
        sum(amount) as amount
    from {{ ref('int_ledger_entries_unioned') }}
    where {{ is_untested(ref('int_ledger_entries_unioned'), 'patient_id') }}
    group by entry_on, entry_kind

),

settings as (

    select
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_credits') }} as ages_credits,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_plan_payments') }}
            as ages_plan_payments,
        {{ has_flag('payment_plans_version', 'PayPlansVersion', 'credits_completed_amounts') }}
            as credits_completed_amounts,
        {{ has_flag(
            'payment_plans_version', 'PayPlansVersion', 'credits_completed_insurance_amounts'
        ) }} as credits_completed_insurance_amounts
    from {{ ref('int_preferences_pivoted') }}

),

completed as (

    select procedure_id
    from {{ ref('stg_open_dental__procedures') }}
    where {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}

),

hidden_types as (

    select definition_id
    from {{ ref('stg_open_dental__definitions') }}
    where is_hidden_unearned

),

plans as not materialized (

    select * from {{ ref('stg_open_dental__payment_plans') }}

),

source_rows as (

    select
        'procedure' as entry_kind,
        procedure_on as entry_on,
        fee_amount as amount
    from {{ ref('stg_open_dental__procedures') }}
    where
        procedure_fee_amount <> 0
        and {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'patient_id') }}

    union all

    select
        'claim_procedure' as entry_kind,
        claimed.claim_procedure_on as entry_on,
        case
            when {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_not_received') }}
                then 0
            when claimed.payment_plan_id is null
                then -claimed.writeoff_amount - claimed.insurance_pay_amount
            else -claimed.writeoff_amount
        end as amount
    from {{ ref('stg_open_dental__claim_procedures') }} as claimed
    -- A subquery behind an "or" would be searched anew for every row.
    left join completed
        on claimed.procedure_id = completed.procedure_id
    where
        {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_in_ledger') }}
        and (claimed.procedure_id is null or completed.procedure_id is not null)
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'claimed.patient_id') }}

    union all

    select
        'adjustment' as entry_kind,
        adjustment_on as entry_on,
        adjustment_amount as amount
    from {{ ref('stg_open_dental__adjustments') }}
    where
        adjustment_amount <> 0
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'patient_id') }}

    union all

    select
        'patient_payment' as entry_kind,
        splits.paid_on as entry_on,
        case
            when splits.payment_plan_id is null or settings.ages_plan_payments
                then -splits.split_amount
            else 0
        end as amount
    from {{ ref('stg_open_dental__payment_splits') }} as splits
    cross join settings
    where
        splits.split_amount <> 0
        and coalesce(splits.unearned_type_id, 0) not in (
            select hidden_types.definition_id from hidden_types
        )
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'splits.patient_id') }}

    union all

    select
        'plan_completion' as entry_kind,
        plans.plan_on as entry_on,
        -plans.completed_amount as amount
    from plans
    cross join settings
    where
        plans.completed_amount <> 0
        and case
            when plans.insurance_plan_id is null then settings.credits_completed_amounts
            else settings.credits_completed_insurance_amounts
        end
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'plans.patient_id') }}

    union all

    select
        'plan_debit' as entry_kind,
        charges.charge_on as entry_on,
        case
            when own_plans.payment_plan_id is null then 0
            else charges.principal_amount + charges.interest_amount
        end as amount
    from {{ ref('stg_open_dental__payment_plan_charges') }} as charges
    cross join settings
    left join plans as own_plans
        on
            charges.payment_plan_id = own_plans.payment_plan_id
            and own_plans.insurance_plan_id is null
    where
        settings.ages_debits
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_debit') }}
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'charges.guarantor_id') }}

    union all

    select
        'plan_credit' as entry_kind,
        charges.charge_on as entry_on,
        -charges.principal_amount as amount
    from {{ ref('stg_open_dental__payment_plan_charges') }} as charges
    cross join settings
    left join plans
        on charges.payment_plan_id = plans.payment_plan_id
    where
        settings.ages_credits
        and (not settings.ages_debits or plans.payment_plan_id is not null)
        and {{ has_flag('charges.charge_type_code', 'PayPlanChargeType', 'is_credit') }}
        and case
            when settings.ages_debits
                then {{ is_untested(ref('int_ledger_entries_unioned'), 'plans.patient_id') }}
            else {{ is_untested(ref('int_ledger_entries_unioned'), 'charges.patient_id') }}
        end

    union all

    select
        'plan_link' as entry_kind,
        credited.credit_on as entry_on,
        credited.credit_amount as amount
    from {{ ref('int_payment_plan_links_credited') }} as credited
    cross join settings
    where
        settings.ages_credits
        and {{ is_untested(ref('int_ledger_entries_unioned'), 'credited.patient_id') }}

),

source_sums as (

    select
        entry_kind,
        entry_on,
        count(*) as entry_count,
        sum(amount) as amount
    from source_rows
    group by entry_on, entry_kind

)

select
    coalesce(source_sums.entry_kind, ledger.entry_kind) as entry_kind,
    coalesce(source_sums.entry_on, ledger.entry_on) as entry_on
from source_sums
full outer join ledger
    on
        source_sums.entry_kind = ledger.entry_kind
        and {{ dated('source_sums.entry_on') }} = {{ dated('ledger.entry_on') }}
where
    source_sums.entry_count is distinct from ledger.entry_count
    or source_sums.amount is distinct from ledger.amount
