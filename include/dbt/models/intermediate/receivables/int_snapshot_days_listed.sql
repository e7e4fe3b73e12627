{{ config(materialized='table') }}

{{ snapshot_days() }}
