// regress/clients/Jdbc.java - the PostgreSQL JDBC driver against the server of PGHOST, PGPORT; TAP.
//
// Started as one source file: java -cp postgresql.jar Jdbc.java. Runs everything with text results, then
// again with prepareThreshold=-1, which makes the driver use binary from the first execution on.

import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;

public class Jdbc {
    static int n = 0, failed = 0;
    static String mode = "";

    static void same(String name, Object got, Object want) {
        n++;
        boolean ok = got instanceof byte[] ? Arrays.equals((byte[]) got, (byte[]) want) : Objects.equals(got, want);
        if (!ok)
            failed++;
        System.out.println((ok ? "ok " : "not ok ") + n + " - " + mode + ": " + name);
        if (!ok)
            System.out.println("#   expected " + show(want) + "\n#   got      " + show(got));
    }

    static String show(Object o) {
        return o == null ? "null" : o.getClass().getSimpleName() + " " + o;
    }

    static Connection connect(String database, String options) throws SQLException {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + database
            + "?sslmode=disable&user=root" + options;
        return DriverManager.getConnection(url);
    }

    static void exec(Connection c, String... texts) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String text : texts)
                s.execute(text);
        }
    }

    static String code(Connection c, String text) {
        try (Statement s = c.createStatement()) {
            s.execute(text);
            return "no error";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    static void kinds(Connection c) throws SQLException {
        exec(c, "DROP TABLE IF EXISTS kinds",
            "CREATE TABLE kinds (id INT PRIMARY KEY, b BOOL, i2 INT2, i4 INT4, i8 INT8, f4 FLOAT4, f8 FLOAT8, "
                + "d DECIMAL(30,10), s STRING, v VARCHAR(20), y BYTES, dat DATE, tim TIME, ts TIMESTAMP, "
                + "tstz TIMESTAMPTZ, u UUID, j JSONB, a INT8[], st STRING[])");
        byte[] bytes = {0, 1, 92, -1};
        UUID uuid = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
        BigDecimal decimal = new BigDecimal("12345678901234567890.0123456789");
        LocalDateTime ts = LocalDateTime.of(1969, 12, 31, 23, 59, 59, 5000);
        OffsetDateTime tstz = OffsetDateTime.of(2038, 1, 19, 3, 14, 8, 0, ZoneOffset.UTC);
        String text = "quote ' backslash \\ \u2603";
        String marks = String.join(", ", Collections.nCopies(19, "?"));
        try (PreparedStatement p = c.prepareStatement("INSERT INTO kinds VALUES (" + marks + ")")) {
            p.setInt(1, 1);
            p.setBoolean(2, true);
            p.setShort(3, (short) -32768);
            p.setInt(4, Integer.MAX_VALUE);
            p.setLong(5, Long.MIN_VALUE);
            p.setFloat(6, 1.5f);
            p.setDouble(7, -1.5e300);
            p.setBigDecimal(8, decimal);
            p.setString(9, text);
            p.setString(10, "short");
            p.setBytes(11, bytes);
            p.setObject(12, LocalDate.of(2020, 2, 29));
            p.setObject(13, LocalTime.of(23, 59, 59, 999999000));
            p.setObject(14, ts);
            p.setObject(15, tstz);
            p.setObject(16, uuid);
            p.setObject(17, "{\"a\": [1, null]}", Types.OTHER);
            p.setArray(18, c.createArrayOf("int8", new Long[] {1L, null, 3L}));
            p.setArray(19, c.createArrayOf("text", new String[] {"a,b", "q\"q", ""}));
            same("INSERT", p.executeUpdate(), 1);
            p.setInt(1, 2);
            for (int i = 2; i <= 19; i++)
                p.setNull(i, Types.NULL);
            same("INSERT of NULLs", p.executeUpdate(), 1);
        }
        try (PreparedStatement p = c.prepareStatement("SELECT * FROM kinds WHERE id = ? AND u = ?")) {
            p.setInt(1, 1);
            p.setObject(2, uuid);
            ResultSet r = p.executeQuery();
            r.next();
            same("BOOL", r.getBoolean("b"), true);
            same("INT2", r.getShort("i2"), (short) -32768);
            same("INT4", r.getInt("i4"), Integer.MAX_VALUE);
            same("INT8", r.getLong("i8"), Long.MIN_VALUE);
            same("FLOAT4", r.getFloat("f4"), 1.5f);
            same("FLOAT8", r.getDouble("f8"), -1.5e300);
            same("DECIMAL", r.getBigDecimal("d"), decimal);
            same("STRING", r.getString("s"), text);
            same("VARCHAR", r.getString("v"), "short");
            same("BYTES", r.getBytes("y"), bytes);
            same("DATE", r.getObject("dat", LocalDate.class), LocalDate.of(2020, 2, 29));
            same("TIME", r.getObject("tim", LocalTime.class), LocalTime.of(23, 59, 59, 999999000));
            same("TIMESTAMP", r.getObject("ts", LocalDateTime.class), ts);
            same("TIMESTAMPTZ", r.getObject("tstz", OffsetDateTime.class), tstz);
            same("UUID", r.getObject("u"), uuid);
            same("JSONB", r.getString("j"), "{\"a\": [1, null]}");
            same("INT8[]", Arrays.asList((Object[]) r.getArray("a").getArray()), Arrays.asList(1L, null, 3L));
            same("STRING[]", Arrays.asList((Object[]) r.getArray("st").getArray()), Arrays.asList("a,b", "q\"q", ""));
            same("one row", r.next(), false);
        }
        try (Statement s = c.createStatement()) {
            ResultSet r = s.executeQuery("SELECT * FROM kinds WHERE id = 2");
            r.next();
            boolean nulls = true;
            for (int i = 2; i <= 19; i++)
                nulls = nulls && r.getObject(i) == null;
            same("NULLs", nulls, true);
            ResultSetMetaData m = r.getMetaData();
            same("type names", m.getColumnTypeName(3) + " " + m.getColumnTypeName(9) + " " + m.getColumnTypeName(18),
                "int2 text _int8");
            same("precision without modifiers", m.getPrecision(8) + "," + m.getScale(8), "0,0");
        }
    }

    static void statements(Connection c) throws SQLException {
        exec(c, "DROP TABLE IF EXISTS kv", "CREATE TABLE kv (k INT PRIMARY KEY, v STRING)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO kv VALUES (?, ?)")) {
            for (int i = 0; i < 100; i++) {
                p.setInt(1, i);
                p.setString(2, "v" + i);
                p.addBatch();
            }
            same("a batch", Arrays.stream(p.executeBatch()).sum(), 100);
        }
        try (PreparedStatement p = c.prepareStatement("SELECT v FROM kv WHERE k = ?")) {
            StringBuilder got = new StringBuilder();
            for (int i = 0; i < 8; i++) {
                p.setInt(1, i);
                ResultSet r = p.executeQuery();
                while (r.next())
                    got.append(r.getString(1));
            }
            same("a prepared statement, eight times", got.toString(), "v0v1v2v3v4v5v6v7");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO kv VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            p.setInt(1, 1000);
            p.setString(2, "x");
            p.executeUpdate();
            ResultSet r = p.getGeneratedKeys();
            r.next();
            same("generated keys", r.getLong("k"), 1000L);
        }
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.setFetchSize(10); // a portal with a limit
            ResultSet r = s.executeQuery("SELECT k FROM kv ORDER BY k");
            int rows = 0;
            while (r.next())
                rows++;
            same("rows in parts of ten", rows, 101);
            r.close();
        }
        c.commit();
        Savepoint sp = c.setSavepoint("a");
        exec(c, "DELETE FROM kv WHERE k = 1000");
        c.rollback(sp);
        c.commit();
        c.setAutoCommit(true);
        try (Statement s = c.createStatement()) {
            ResultSet r = s.executeQuery("SELECT count(*) FROM kv WHERE k = 1000");
            r.next();
            same("a savepoint", r.getInt(1), 1);
        }
        same("a duplicate", code(c, "INSERT INTO kv VALUES (1, 'x')"), "23505");
        same("a syntax error", code(c, "SELEC 1"), "42601");
    }

    static void retry(Connection c, Connection other) throws SQLException {
        int attempts = 0;
        c.setAutoCommit(false);
        for (;;) {
            attempts++;
            try (Statement s = c.createStatement()) {
                ResultSet r = s.executeQuery("SELECT v FROM kv WHERE k = 7");
                r.next();
                String v = r.getString(1);
                if (attempts == 1)
                    exec(other, "UPDATE kv SET v = v || '+' WHERE k = 7");
                try (PreparedStatement p = c.prepareStatement("UPDATE kv SET v = ? WHERE k = 7")) {
                    p.setString(1, v + "-");
                    p.executeUpdate();
                }
                c.commit();
                break;
            } catch (SQLException e) {
                same("the conflict is 40001", e.getSQLState(), "40001");
                c.rollback();
            }
        }
        c.setAutoCommit(true);
        try (Statement s = c.createStatement()) {
            ResultSet r = s.executeQuery("SELECT v FROM kv WHERE k = 7");
            r.next();
            same("retried", attempts + " " + r.getString(1), "2 v7+-");
        }
    }

    static void cancel(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            Thread t = new Thread(() -> {
                try {
                    Thread.sleep(200);
                    s.cancel();
                } catch (Exception e) {
                    System.out.println("# " + e);
                }
            });
            t.start();
            String state = "no error";
            try {
                s.execute("SELECT pg_sleep(60)");
            } catch (SQLException e) {
                state = e.getSQLState();
            }
            t.join();
            same("a canceled statement", state, "57014");
        }
        same("and the connection goes on", code(c, "SELECT 1"), "no error");
    }

    static String names(ResultSet r, String... columns) throws SQLException {
        StringBuilder b = new StringBuilder();
        while (r.next()) {
            for (String column : columns)
                b.append(r.getString(column)).append(' ');
            b.append("; ");
        }
        return b.toString();
    }

    static void metadata(Connection c) throws SQLException {
        exec(c, "DROP TABLE IF EXISTS child", "DROP TABLE IF EXISTS parent",
            "CREATE TABLE parent (a INT, b STRING(9) NOT NULL DEFAULT 'x', PRIMARY KEY (a, b))",
            "CREATE TABLE child (id INT PRIMARY KEY, a INT, b STRING, UNIQUE INDEX u (b), "
                + "CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES parent ON DELETE CASCADE)");
        DatabaseMetaData m = c.getMetaData();
        same("product", m.getDatabaseProductName() + " " + m.getDatabaseMajorVersion(), "PostgreSQL 9");
        same("getTables", names(m.getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME"),
            "child ; kinds ; kv ; parent ; ");
        same("getColumns", names(m.getColumns(null, "public", "parent", "%"), "COLUMN_NAME", "TYPE_NAME",
            "NULLABLE", "COLUMN_DEF"), "a int8 0 null ; b text 0 'x':::STRING ; ");
        same("getPrimaryKeys", names(m.getPrimaryKeys(null, "public", "parent"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"),
            "a 1 primary ; b 2 primary ; ");
        same("getImportedKeys", names(m.getImportedKeys(null, "public", "child"), "PKTABLE_NAME", "PKCOLUMN_NAME",
            "FKCOLUMN_NAME", "DELETE_RULE", "FK_NAME"), "parent a a 0 fk ; parent b b 0 fk ; ");
        same("getSchemas", names(m.getSchemas(), "TABLE_SCHEM"),
            "crdb_internal ; information_schema ; pg_catalog ; public ; ");
    }

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        try (Connection c = connect("defaultdb", "")) {
            exec(c, "CREATE DATABASE jdbc");
        }
        String[][] modes = {{"text", "&binaryTransfer=false"}, {"binary", "&prepareThreshold=-1&reWriteBatchedInserts=false"}};
        try {
            for (String[] m : modes) {
                mode = m[0];
                try (Connection c = connect("jdbc", m[1]); Connection other = connect("jdbc", m[1])) {
                    kinds(c);
                    statements(c);
                    retry(c, other);
                    cancel(c);
                    if (mode.equals("text"))
                        metadata(c);
                }
            }
        } catch (Exception e) {
            failed++;
            System.out.println("not ok - ended early: " + e);
            for (StackTraceElement s : e.getStackTrace())
                System.out.println("# " + s);
        }
        System.out.println("1.." + n);
        System.exit(failed > 0 ? 1 : 0);
    }
}
