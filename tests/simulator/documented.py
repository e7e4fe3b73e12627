"""The columns of the practice software whose numbers are documented."""

from collections.abc import Iterator

from include.open_dental import schema


def coded_columns() -> Iterator[tuple[str, str, frozenset[int]]]:
    """Yield table, column and the numbers of its list, bit sets included."""
    for table in schema.tables().values():
        for column in table.columns:
            numbers = schema.enums()[column.enum].values() if column.enum else ()
            if numbers and column.data_type.endswith("int"):
                yield table.name, column.name, frozenset(numbers)
