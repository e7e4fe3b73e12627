-- Without statistics every reader would plan for thousands of days.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

{{ snapshot_days() }}
