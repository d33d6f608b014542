# regress/clients/sqlalchemy_client.py - SQLAlchemy core, by way of psycopg2, against the server of
# PGHOST, PGPORT; TAP. The PostgreSQL dialect is used as it is: its questions to pg_catalog must work.
import datetime as dt
import decimal
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

import tap


def url(database):
    return sa.engine.URL.create("postgresql+psycopg2", username="root", database=database)


def engine_for(database):
    # The dialect reads its server's version from version(), whose text is not PostgreSQL's.
    from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

    PGDialect_psycopg2._get_server_version_info = lambda self, connection: (9, 5)
    return sa.create_engine(url(database), isolation_level="SERIALIZABLE")


meta = sa.MetaData()
author = sa.Table(
    "author", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
)
book = sa.Table(
    "book", meta,
    sa.Column("id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("author_id", sa.ForeignKey("author.id", ondelete="CASCADE")),
    sa.Column("title", sa.Text),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("published", sa.Date),
    sa.Column("sold_at", sa.DateTime(timezone=True)),
    sa.Column("in_print", sa.Boolean, server_default=sa.true()),
    sa.Column("rating", sa.Float),
    sa.Column("cover", sa.LargeBinary),
    sa.Column("tags", pg.ARRAY(sa.Text)),
    sa.Column("extra", pg.JSONB),
    sa.Column("lent", sa.Interval),
    sa.Index("book_by_title", "title"),
)

ROW = {
    "id": uuid.UUID("01234567-89ab-cdef-0123-456789abcdef"),
    "title": "snowman's \u2603",
    "price": decimal.Decimal("12.50"),
    "published": dt.date(2020, 2, 29),
    "sold_at": dt.datetime(2038, 1, 19, 3, 14, 8, 5, tzinfo=dt.timezone.utc),
    "in_print": False,
    "rating": 4.5,
    "cover": b"\x00\xff\\",
    "tags": ["a,b", 'q"q', None],
    "extra": {"a": [1, None, {"b": "c"}]},
    "lent": dt.timedelta(days=3, seconds=5),
}


def write_and_read(conn):
    result = conn.execute(author.insert(), {"name": "first"})
    first = result.inserted_primary_key[0]
    conn.execute(author.insert(), [{"name": "second"}, {"name": "third"}])
    conn.execute(book.insert(), dict(ROW, author_id=first))
    conn.execute(book.insert(), {"id": uuid.uuid4(), "title": "bare"})
    got = conn.execute(sa.select(book).where(book.c.id == ROW["id"])).mappings().one()
    for name, value in ROW.items():
        tap.same(name, got[name], value)
    bare = conn.execute(sa.select(book).where(book.c.title == "bare")).mappings().one()
    tap.same("a server's default", (bare["in_print"], bare["price"]), (True, None))
    joined = sa.select(author.c.name, sa.func.count(book.c.id)).select_from(author.outerjoin(book))
    joined = joined.group_by(author.c.name).order_by(author.c.name)
    tap.same("join and group", [tuple(r) for r in conn.execute(joined)], [("first", 1), ("second", 0), ("third", 0)])
    upsert = pg.insert(author).values(id=first, name="renamed")
    upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"name": upsert.excluded.name})
    conn.execute(upsert)
    tap.same("ON CONFLICT", conn.execute(sa.select(author.c.name).where(author.c.id == first)).scalar(), "renamed")
    tap.same("JSON path", conn.execute(sa.select(book.c.extra["a"][0].astext).where(book.c.id == ROW["id"])).scalar(), "1")
    window = sa.select(sa.func.row_number().over(order_by=author.c.name)).order_by(sa.text("1"))
    tap.same("a window function", [r[0] for r in conn.execute(window)], [1, 2, 3])
    cte = sa.select(author.c.name).limit(1).offset(1).order_by(author.c.name).cte("c")
    tap.same("CTE, LIMIT, OFFSET", conn.execute(sa.select(cte)).scalar(), "second")


def transactions(engine, author_id):
    attempts = 0
    while True:
        attempts += 1
        try:
            with engine.begin() as conn:
                name = conn.execute(sa.select(author.c.name).where(author.c.id == author_id)).scalar()
                if attempts == 1:
                    with engine.begin() as other:
                        other.execute(author.update().where(author.c.id == author_id).values(name=author.c.name + "+"))
                conn.execute(author.update().where(author.c.id == author_id).values(name=name + "-"))
            break
        except sa.exc.OperationalError as e:
            tap.same("the conflict is 40001", e.orig.pgcode, "40001")
    with engine.connect() as conn:
        tap.same("retried", (attempts, conn.execute(sa.select(author.c.name).where(author.c.id == author_id)).scalar()),
               (2, "renamed+-"))
        try:
            with conn.begin():
                with conn.begin_nested():
                    conn.execute(author.insert(), {"name": "second"})
        except sa.exc.IntegrityError as e:
            tap.same("a duplicate", e.orig.pgcode, "23505")
    with engine.begin() as conn:
        nested = conn.begin_nested()
        conn.execute(author.delete())
        nested.rollback()
        tap.same("a savepoint", conn.execute(sa.select(sa.func.count()).select_from(author)).scalar(), 3)


def inspection(engine):
    i = sa.inspect(engine)
    tap.same("tables", sorted(i.get_table_names()), ["author", "book"])
    tap.same("primary key", i.get_pk_constraint("author")["constrained_columns"], ["id"])
    tap.same("unique", [u["column_names"] for u in i.get_unique_constraints("author")], [["name"]])
    keys = i.get_foreign_keys("book")
    tap.same("foreign key", [(k["constrained_columns"], k["referred_table"], k["referred_columns"]) for k in keys],
           [(["author_id"], "author", ["id"])])
    tap.same("columns", [(c["name"], str(c["type"]), c["nullable"]) for c in i.get_columns("book")][:5],
           [("id", "UUID", False), ("author_id", "BIGINT", True), ("title", "TEXT", True),
            ("price", "NUMERIC(10, 2)", True), ("published", "DATE", True)])
    tap.same("indexes", sorted(x["name"] for x in i.get_indexes("book") if not x["unique"]),
           ["book_auto_index_fk_author_id_ref_author", "book_by_title"])
    again = sa.MetaData()
    again.reflect(engine)
    tap.same("reflection", sorted(again.tables), ["author", "book"])


def main():
    admin = engine_for("defaultdb")
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("CREATE DATABASE sqlalchemy"))
    engine = engine_for("sqlalchemy")
    meta.create_all(engine)
    for left in reversed(range(5)):  # any transaction may be asked to begin again
        try:
            with engine.begin() as conn:
                write_and_read(conn)
                author_id = conn.execute(sa.select(author.c.id).where(author.c.name == "renamed")).scalar()
            break
        except sa.exc.OperationalError as e:
            if e.orig.pgcode != "40001" or left == 0:
                raise
    transactions(engine, author_id)
    inspection(engine)
    meta.drop_all(engine)
    tap.same("dropped", sa.inspect(engine).get_table_names(), [])


tap.run(main)
