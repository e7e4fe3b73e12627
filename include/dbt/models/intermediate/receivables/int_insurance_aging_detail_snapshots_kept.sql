with open_claims as (

    select * from {{ ref('int_open_claims_aged') }}

),

final as (

    select
        open_claims.as_of_on
        || '-' || open_claims.guarantor_id
        -- Quoted, so that no two pairs of names read the same.
        || '-' || quote_literal(open_claims.carrier_name)
        || '-' || quote_literal(open_claims.group_name) as insurance_aging_detail_id,
        open_claims.as_of_on,
        open_claims.guarantor_id,
        open_claims.carrier_name,
        open_claims.group_name,
        open_claims.insurance_0_30_amount,
        open_claims.insurance_31_60_amount,
        open_claims.insurance_61_90_amount,
        open_claims.insurance_over_90_amount,
        open_claims.insurance_total_amount,
        {{ quality_reason([("open_claims.carrier_name = ''", 'the carrier is missing')]) }}
            as quality_reason
    from open_claims
    where {{ is_insurance_shown('open_claims') }}

)

select * from final
