-- What the lists of patients add up to, and what they leave out for a reason, is all that was
-- completed.
with completed as (

    select
        procedures.patient_id,
        count(*) as procedure_count,
        sum(procedures.fee_amount) as fee_amount,
        bool_or(procedures.is_visit) as has_visit,
        sum(procedures.fee_amount) filter (where procedures.is_visit) as visit_amount
    from {{ ref('int_procedures_completed') }} as procedures
    group by procedures.patient_id

),

known as (

    select
        completed.*,
        patients.patient_id is not null as is_known,
        not {{ has_flag('patients.patient_status_code', 'PatientStatus', 'is_deleted') }}
            as is_kept
    from completed
    left join {{ ref('stg_open_dental__patients') }} as patients
        on completed.patient_id = patients.patient_id

),

sources as (

    select
        attachments.patient_id,
        count(distinct attachments.referral_id) as referral_count
    from {{ ref('stg_open_dental__referral_attachments') }} as attachments
    inner join {{ ref('stg_open_dental__referrals') }} as referrals
        on attachments.referral_id = referrals.referral_id
    where {{ has_flag('attachments.referral_type_code', 'ReferralType', 'is_source') }}
    group by attachments.patient_id

),

sums as (

    select
        'completed procedures' as list_name,
        (
            select sum(fee_amount) from {{ ref('stg_open_dental__procedures') }}
            where {{ has_flag('procedure_status_code', 'ProcStat', 'is_completed') }}
        ) as expected_amount,
        (select sum(fee_amount) from completed) as amount

    union all

    select
        'new patients' as list_name,
        (
            select sum(fee_amount) from known
            where is_known and has_visit
        ) as expected_amount,
        (select sum(production_amount) from {{ ref('od_new_patients') }}) as amount

    union all

    select
        'active patients' as list_name,
        (
            select sum(procedure_count) from known
            where is_known and is_kept
        ) as expected_amount,
        (select sum(procedure_count) from {{ ref('od_active_patients') }}) as amount

    union all

    select
        'referrals' as list_name,
        (
            select sum(completed.visit_amount * sources.referral_count)
            from completed
            inner join sources
                on completed.patient_id = sources.patient_id
        ) as expected_amount,
        (select sum(production_amount) from {{ ref('od_referrals') }}) as amount

    union all

    select
        'presented production' as list_name,
        (
            select sum(net_amount) from {{ ref('od_presented_production') }}
            where presentation = 'first'
        ) as expected_amount,
        (
            select sum(net_amount) from {{ ref('od_presented_production') }}
            where presentation = 'last'
        ) as amount

    union all

    select
        'presented treatment' as list_name,
        (
            select count(distinct procedure_id) from {{ ref('od_presented_treatment') }}
        ) as expected_amount,
        (
            select count(*) from {{ ref('od_presented_treatment') }}
            where is_first_presentation
        ) as amount

)

select list_name
from sums
where coalesce(expected_amount, 0) <> coalesce(amount, 0)
