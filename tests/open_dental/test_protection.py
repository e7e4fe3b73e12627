import pytest

from include.open_dental.protection import (
    PhiClass,
    Protection,
    excluded_cell,
    excluded_table,
    protect,
)


@pytest.mark.parametrize(
    ("table", "column", "data_type", "protection"),
    [
        ("userod", "Password", "varchar", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("USEROD", "password", "varchar", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("Patient", "birthdate", "date", Protection(PhiClass.IDENTIFIER)),
        ("rxpat", "Drug", "varchar", Protection(PhiClass.CLINICAL)),
        ("rxpat", "RxDate", "date", Protection()),
        ("anothertable", "AccessToken", "text", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("anothertable", "WorkPhone", "varchar", Protection(PhiClass.CONTACT)),
        ("anothertable", "WorkPhone", "bigint", Protection()),
        ("anothertable", "SecurityHash", "varchar", Protection()),
        ("anothertable", "ssn", "varchar", Protection(PhiClass.IDENTIFIER)),
        ("anothertable", "signature", "varchar", Protection(PhiClass.IDENTIFIER)),
        ("payconnectresponseweb", "ExpDateToken", "varchar", Protection()),
    ],
)
def test_facts_come_before_patterns_and_patterns_are_for_texts(
    table: str, column: str, data_type: str, protection: Protection
) -> None:
    assert protect(table, column, data_type) == protection


def test_tables_are_left_out_by_their_names() -> None:
    assert excluded_table("FamAging") == "scratch table that aging fills and empties"
    assert excluded_table("TempWork") == "scratch table: its name matches ^temp(_|$)"
    for scratch in ("tmp_x", "tmpwork", "TMP2", "temp", "temp_x", "patient_bak2", "PatientBak"):
        assert excluded_table(scratch), scratch
    for kept in (
        *("patient", "template", "templatelinks", "temperature", "contemporary", "attempt"),
        *("backup_jobs", "orders_2023", "old_patients", "test_results", "bakery"),
    ):
        assert excluded_table(kept) is None, kept


CREDENTIALS = """
    user_pass passwd pwd password_hash api_key secret token salt pin private_key UserPwd2
    userPassword PASSWORD_HASH APIKey totp_secret otp otp_code session_id sessionId cookie cookies
    remember_token rememberMeToken access_token_secret user_activation_key consumer_key
    two_factor_recovery_codes accesstoken client_secret jwt sess_id reset_code auth_key
    authentication_string encrypted_password pass_hash passwordsalt user_pin csrf_token oauth_token
    BEARER_TOKEN ssh_key security_answer password_1 private_key_pem usertoken Kennwort contraseña
"""
INNOCENT = """
    token_count token_type tokenized compass bypass encompass passport_no passenger pass_rate pinned
    spin_rate opinion pin_code primary_key foreign_key public_key setting_key meta_key salted
    saltwater secretary secret_santa cookie_policy password_changed_at user_login zip_code postcode
    PasswordIsStrong checksum sessions hash keynote pincer
"""


@pytest.mark.parametrize("name", CREDENTIALS.split())
def test_a_credential_is_known_by_the_words_of_its_name(name: str) -> None:
    for kind in ("varchar", "longtext", "varbinary", "uuid"):
        assert protect("users", name, kind).is_excluded, kind
    assert not protect("users", name, "datetime").is_excluded
    assert protect("users", name, "int").is_excluded is (name in ("pin", "otp", "user_pin"))


@pytest.mark.parametrize("name", INNOCENT.split())
def test_a_name_that_only_contains_such_a_word_is_none(name: str) -> None:
    assert not protect("users", name, "varchar").is_excluded


def test_settings_that_hold_credentials_are_told_by_another_column() -> None:
    cell = excluded_cell("Preference")
    assert cell is not None
    assert (cell.column, cell.when_column) == ("ValueString", "PrefName")
    assert excluded_cell("patient") is None
