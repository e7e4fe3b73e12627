"""Which raw columns the conditions of a query reach, through views and renames.

A column is reached where PostgreSQL itself could use an index on it. Views and common table
expressions that are named once are part of the query; grouping, limits, windows and models that are
tables of their own hide what lies under them. Only a comparison with a constant goes through a view
that has a with clause, a join does not. An outer join looks up rows on its optional side alone. An
expression hides its column, unless it is one that an index can hold for every value, such as
`nullif(patnum, 0)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp, parse_one

_DIALECT = "postgres"
_COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True, slots=True)
class Reached:
    """A raw column that a condition compares; `expression` is what it compares instead of it."""

    table: str
    column: str
    expression: str | None = None


class Relation:
    """Something that a query reads; what is not a raw table or a view shows nothing."""

    def names(self) -> tuple[str, ...] | None:
        """Return the names of its columns; None when nobody knows them."""
        return ()

    def reach(self, name: str, *, is_joined: bool) -> frozenset[Reached]:  # noqa: ARG002
        """Return the raw columns that are this column, or a plain expression of them.

        `is_joined` says that it is compared with another column, not with a constant.
        """
        return frozenset()


@dataclass(frozen=True)
class RawTable(Relation):
    """A table of the schema `raw`; whatever is asked for is one of its columns."""

    name: str

    def names(self) -> tuple[str, ...] | None:
        """Nobody knows: the config says it, not the project."""
        return None

    def reach(self, name: str, *, is_joined: bool) -> frozenset[Reached]:  # noqa: ARG002
        """Return the column itself."""
        return frozenset({Reached(self.name, name)})


class Query(Relation):
    """One `select`, or a `union` of several, with what it reads."""

    def __init__(
        self,
        tree: exp.Expr,
        relations: Mapping[str, Relation],
        *,
        outer: Query | None = None,
    ) -> None:
        """`relations` are models and sources by `schema.name`, and expressions by their name."""
        self._outer = outer
        self._relations = dict(relations)
        self._tree = tree
        self._parts: list[Query] = []
        with_ = tree.args.get("with_")
        self._is_fence = with_ is not None
        for cte in with_.expressions if with_ else ():
            name = cte.alias.lower()
            query = self._part(cte.this)
            is_once = _times_named(name, tree) == 1
            # PostgreSQL keeps the rows of an expression that is named twice, without an index.
            self._relations[name] = query if is_once else Relation()
        if isinstance(tree, exp.SetOperation):
            self._branches = [self._part(branch) for branch in (tree.this, tree.expression)]
        else:
            self._branches = []

    @cached_property
    def sources(self) -> dict[str, Relation]:
        """What `from` and `join` read, by the names that the query gives it."""
        found: dict[str, Relation] = {}
        from_ = self._tree.args.get("from_")
        read = [from_.this] if from_ else []
        read += [join.this for join in self._joins]
        for item in read:
            if isinstance(item, exp.Table):
                key = f"{item.db}.{item.name}".lower() if item.db else item.name.lower()
                found[item.alias_or_name.lower()] = self._relations.get(key, Relation())
            elif isinstance(item, exp.Subquery):
                found[item.alias_or_name.lower()] = self._part(item.this)
        return found

    def names(self) -> tuple[str, ...] | None:
        """Return the names of the columns as selected, stars opened."""
        if self._branches:
            return self._branches[0].names()
        names: list[str] = []
        for item in self._tree.expressions:
            if not _is_star(item):
                names.append(item.alias_or_name.lower())
                continue
            for source in self._starred(item):
                known = source.names()
                if known is None:
                    return None
                names.extend(known)
        return tuple(names)

    def reach(self, name: str, *, is_joined: bool) -> frozenset[Reached]:
        """Return what the column is, unless the query puts something between."""
        if is_joined and self._is_fence:
            return frozenset()
        if self._branches:
            return self._reach_union(name, is_joined=is_joined)
        if not isinstance(self._tree, exp.Select) or self._hides():
            return frozenset()
        for item in self._tree.expressions:
            if _is_star(item):
                found = frozenset(
                    one
                    for source in self._starred(item)
                    for one in source.reach(name, is_joined=is_joined)
                )
                if found:
                    return found
            elif item.alias_or_name.lower() == name:
                return self._reach_expression(item.unalias(), is_joined=is_joined)
        return frozenset()

    def conditions(self) -> frozenset[Reached]:
        """Return every raw column that this query or one within it joins or filters on."""
        found: set[Reached] = set()
        where = self._tree.args.get("where")
        for condition in _conjuncts(where.this) if where else ():
            found |= self._compared(condition, frozenset(self.sources))
        for join in self._joins:
            aliases = self._looked_up(join)
            on = join.args.get("on")
            for condition in _conjuncts(on) if on else ():
                found |= self._compared(condition, aliases)
            for column in join.args.get("using") or ():
                for alias in aliases:
                    found |= self.sources[alias].reach(column.name.lower(), is_joined=True)
        for part in self._parts:
            found |= part.conditions()
        return frozenset(found)

    @property
    def _joins(self) -> list[exp.Expr]:
        return self._tree.args.get("joins") or []

    def _part(self, tree: exp.Expr, *, is_negated: bool = False) -> Query:
        query = Query(tree.unnest(), self._relations, outer=None if is_negated else self)
        self._parts.append(query)
        return query

    def _looked_up(self, join: exp.Expr) -> frozenset[str]:
        """Return the sources whose rows the join may look up by an index."""
        side, joined = join.args.get("side"), join.this.alias_or_name.lower()
        if side == "LEFT":
            return frozenset({joined}) & set(self.sources)
        if side == "RIGHT":
            return frozenset(self.sources) - {joined}
        return frozenset() if side == "FULL" else frozenset(self.sources)

    def _compared(self, condition: exp.Expr, aliases: frozenset[str]) -> frozenset[Reached]:
        """Return what a condition compares of these sources, or in its subqueries."""
        found: set[Reached] = set()
        is_negated = isinstance(condition, exp.Not)
        for query in _queries_in(condition):
            part = self._part(query, is_negated=is_negated)
            if isinstance(condition, exp.In):
                for name in part.names() or ():
                    found |= part.reach(name, is_joined=True)
        for side, others in _sides(condition):
            # Without an alias it is one of all; that is known only where there is one.
            tables = {column.table.lower() for column in side.find_all(exp.Column)} - {""}
            if tables <= aliases or not tables & set(self.sources):
                is_joined = any(other.find(exp.Column) for other in others)
                found |= self._reach_expression(side, is_joined=is_joined)
        return frozenset(found)

    def _reach_expression(self, tree: exp.Expr, *, is_joined: bool) -> frozenset[Reached]:
        """Return the raw columns of a column, or of an expression that an index can hold."""
        tree = tree.unnest()
        if isinstance(tree, exp.Column):
            return self._reach_column(tree, is_joined=is_joined)
        column = _indexable_column(tree)
        if column is None:
            return frozenset()
        return frozenset(
            Reached(found.table, found.column, _text(tree, found.column))
            for found in self._reach_column(column, is_joined=is_joined)
            if found.expression is None
        )

    def _reach_column(self, column: exp.Column, *, is_joined: bool) -> frozenset[Reached]:
        name, table = column.name.lower(), column.table.lower()
        if table:
            if table in self.sources:
                return self.sources[table].reach(name, is_joined=is_joined)
            if self._outer is None:
                return frozenset()
            return self._outer._reach_column(column, is_joined=True)
        known = {alias: source.names() for alias, source in self.sources.items()}
        owners = [alias for alias, names in known.items() if names is not None and name in names]
        if not owners and len(known) == 1:
            owners = list(known)
        if len(owners) != 1:
            return frozenset()
        return self.sources[owners[0]].reach(name, is_joined=is_joined)

    def _reach_union(self, name: str, *, is_joined: bool) -> frozenset[Reached]:
        names = self.names()
        if not isinstance(self._tree, exp.Union) or self._tree.args.get("distinct") or not names:
            return frozenset()
        if name not in names:
            return frozenset()
        at = names.index(name)
        found: frozenset[Reached] = frozenset()
        for branch in self._branches:
            branch_names = branch.names() or ()
            if at < len(branch_names):
                found |= branch.reach(branch_names[at], is_joined=is_joined)
        return found

    def _starred(self, item: exp.Expr) -> list[Relation]:
        if isinstance(item, exp.Column):
            return [self.sources.get(item.table.lower(), Relation())]
        return list(self.sources.values())

    def _hides(self) -> bool:
        args = self._tree.args
        return any(args.get(part) for part in ("group", "distinct", "limit", "offset")) or any(
            isinstance(node, (exp.Window, exp.AggFunc))
            for item in self._tree.expressions
            for node in item.walk()
        )


def parse(sql: str, relations: Mapping[str, Relation]) -> Query:
    """Return the query of a model's SQL; raises sqlglot.errors.ParseError for anything else."""
    return Query(parse_one(sql, dialect=_DIALECT), relations)


def _times_named(name: str, tree: exp.Expr) -> int:
    return sum(
        1 for table in tree.find_all(exp.Table) if not table.db and table.name.lower() == name
    )


def _is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star) or (
        isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
    )


def _conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    unnested = tree.unnest()
    yield from unnested.flatten() if isinstance(unnested, exp.And) else (unnested,)


def _sides(condition: exp.Expr) -> list[tuple[exp.Expr, list[exp.Expr]]]:
    """Return what an index can answer of a comparison, each with what it is compared with.

    Null tests are left out: they are true of most rows, or of most rows not.
    """
    if isinstance(condition, _COMPARISONS):
        left, right = condition.this, condition.expression
        return [(left, [right]), (right, [left])]
    if isinstance(condition, exp.Between):
        return [(condition.this, [condition.args["low"], condition.args["high"]])]
    if isinstance(condition, exp.In):
        query = condition.args.get("query")
        return [(condition.this, [query] if query else list(condition.expressions))]
    return []


def _queries_in(condition: exp.Expr) -> list[exp.Expr]:
    """Return the subqueries of a condition that are in no other one of them."""
    return [
        node
        for node in condition.find_all(exp.Select, exp.SetOperation)
        if node.parent_select is None or node.parent_select is condition.parent_select
    ]


def _indexable_column(tree: exp.Expr) -> exp.Column | None:
    """Return the column of an expression that never fails and never changes its mind."""
    if isinstance(tree, exp.Nullif) and isinstance(tree.this, exp.Column):
        return tree.this if _is_constant(tree.expression) else None
    if isinstance(tree, (exp.Upper, exp.Lower)) and isinstance(tree.this, exp.Column):
        return tree.this
    if isinstance(tree, exp.Case) and tree.this is None and tree.args.get("default") is None:
        branches = tree.args["ifs"]
        if len(branches) == 1 and isinstance(branches[0].this, _COMPARISONS):
            condition, shown = branches[0].this, branches[0].args["true"]
            if (
                isinstance(shown, exp.Column)
                and condition.this == shown
                and _is_constant(condition.expression)
            ):
                return shown
    return None


def _is_constant(tree: exp.Expr) -> bool:
    if isinstance(tree, (exp.Neg, exp.Cast)):
        return _is_constant(tree.this)
    return isinstance(tree, exp.Literal)


def _text(tree: exp.Expr, column: str) -> str:
    copy = tree.copy()
    for found in list(copy.find_all(exp.Column)):
        found.replace(exp.column(column, quoted=True))
    return copy.sql(dialect=_DIALECT)
