with unearned as (

    select * from {{ ref('int_unearned_summed') }}

),

final as (

    select
        guarantor_id,
        clinic_id,
        unearned_type_names,
        unearned_amount,
        has_unearned as is_in_default_report,
        {{ quality_reason([
            ('unearned_type_names is null', 'no such type'),
        ]) }} as quality_reason
    from unearned

)

select * from final
