/* executor/show/pg_empty.c - tables of pg_catalog for what this dialect does not have: no rows ever.
 *
 * The second list is not in v20.1; psql and other clients read these without asking first.
 */
#include "config.h"

#include "executor/virtual.h"

#define EMPTY(name, columns, comment) {"pg_catalog", name, columns, NULL, comment}
#define UNLISTED(name, columns) {"pg_catalog", name, columns, NULL, NULL}

static const struct virtual_table tables[] = {
    EMPTY("pg_available_extensions",
          "name NAME, default_version STRING, installed_version STRING, comment STRING",
          "available extensions"),
    EMPTY("pg_cast",
          "oid OID, castsource OID, casttarget OID, castfunc OID, castcontext CHAR, "
          "castmethod CHAR, tableoid OID HIDDEN",
          "casts (empty - needs filling out)"),
    EMPTY("pg_conversion",
          "oid OID, conname NAME, connamespace OID, conowner OID, conforencoding INT4, "
          "contoencoding INT4, conproc OID, condefault BOOL, tableoid OID HIDDEN",
          "encoding conversions (empty - unimplemented)"),
    EMPTY("pg_default_acl",
          "oid OID, defaclrole OID, defaclnamespace OID, defaclobjtype CHAR, defaclacl STRING[]",
          "default ACLs (empty - unimplemented)"),
    EMPTY("pg_enum", "oid OID, enumtypid OID, enumsortorder FLOAT4, enumlabel STRING",
          "enum types and labels (empty - feature does not exist)"),
    EMPTY("pg_extension",
          "oid OID, extname NAME, extowner OID, extnamespace OID, extrelocatable BOOL, "
          "extversion STRING, extconfig STRING, extcondition STRING",
          "installed extensions (empty - feature does not exist)"),
    EMPTY("pg_foreign_data_wrapper",
          "oid OID, fdwname NAME, fdwowner OID, fdwhandler OID, fdwvalidator OID, "
          "fdwacl STRING[], fdwoptions STRING[], tableoid OID HIDDEN",
          "foreign data wrappers (empty - feature does not exist)"),
    EMPTY("pg_foreign_server",
          "oid OID, srvname NAME, srvowner OID, srvfdw OID, srvtype STRING, srvversion STRING, "
          "srvacl STRING[], srvoptions STRING[], tableoid OID HIDDEN",
          "foreign servers (empty - feature does not exist)"),
    EMPTY("pg_foreign_table", "ftrelid OID, ftserver OID, ftoptions STRING[]",
          "foreign tables (empty  - feature does not exist)"),
    EMPTY("pg_inherits",
          "inhrelid OID, inhparent OID, inhseqno INT4, inhdetachpending BOOL HIDDEN",
          "table inheritance hierarchy (empty - feature does not exist)"),
    EMPTY("pg_language",
          "oid OID, lanname NAME, lanowner OID, lanispl BOOL, lanpltrusted BOOL, "
          "lanplcallfoid OID, laninline OID, lanvalidator OID, lanacl STRING[], "
          "tableoid OID HIDDEN",
          "available languages (empty - feature does not exist)"),
    EMPTY("pg_locks",
          "locktype STRING, database OID, relation OID, page INT4, tuple INT2, "
          "virtualxid STRING, transactionid INT, classid OID, objid OID, objsubid INT2, "
          "virtualtransaction STRING, pid INT4, mode STRING, granted BOOL, fastpath BOOL",
          "locks held by active processes (empty - feature does not exist)"),
    EMPTY("pg_prepared_xacts",
          "transaction INT, gid STRING, prepared TIMESTAMPTZ, owner NAME, database NAME",
          "prepared transactions (empty - feature does not exist)"),
    EMPTY("pg_range",
          "rngtypid OID, rngsubtype OID, rngcollation OID, rngsubopc OID, rngcanonical OID, "
          "rngsubdiff OID",
          "range types (empty - feature does not exist)"),
    EMPTY("pg_seclabel",
          "objoid OID, classoid OID, objsubid INT4, provider STRING, label STRING",
          "security labels (empty - feature does not exist)"),
    EMPTY("pg_seclabels",
          "objoid OID, classoid OID, objsubid INT4, objtype STRING, objnamespace OID, "
          "objname STRING, provider STRING, label STRING",
          "security labels (empty)"),
    EMPTY("pg_shdepend",
          "dbid OID, classid OID, objid OID, objsubid INT4, refclassid OID, refobjid OID, "
          "deptype CHAR",
          "shared dependencies (empty - not implemented)"),
    EMPTY("pg_shseclabel", "objoid OID, classoid OID, provider STRING, label STRING",
          "shared security labels (empty - feature not supported)"),
    EMPTY("pg_stat_activity",
          "datid OID, datname NAME, pid INT4, usesysid OID, username NAME, "
          "application_name STRING, client_addr INET, client_hostname STRING, client_port INT4, "
          "backend_start TIMESTAMPTZ, xact_start TIMESTAMPTZ, query_start TIMESTAMPTZ, "
          "state_change TIMESTAMPTZ, wait_event_type STRING, wait_event STRING, state STRING, "
          "backend_xid INT4, backend_xmin INT4, query STRING, backend_type STRING",
          "backend access statistics (empty - monitoring works differently in CockroachDB)"),
    EMPTY("pg_trigger",
          "oid OID, tgrelid OID, tgname NAME, tgfoid OID, tgtype INT2, tgenabled STRING, "
          "tgisinternal BOOL, tgconstrrelid OID, tgconstrindid OID, tgconstraint OID, "
          "tgdeferrable BOOL, tginitdeferred BOOL, tgnargs INT2, tgattr INT2VECTOR, "
          "tgargs BYTES, tgqual STRING, tgoldtable NAME, tgnewtable NAME, tgparentid OID HIDDEN, "
          "tableoid OID HIDDEN",
          "triggers (empty - feature does not exist)"),
    EMPTY("pg_user_mapping", "oid OID, umuser OID, umserver OID, umoptions STRING[]",
          "local to remote user mapping (empty - feature does not exist)"),

    UNLISTED("pg_amop",
             "oid OID, amopfamily OID, amoplefttype OID, amoprighttype OID, amopstrategy INT2, "
             "amoppurpose CHAR, amopopr OID, amopmethod OID, amopsortfamily OID"),
    UNLISTED("pg_amproc",
             "oid OID, amprocfamily OID, amproclefttype OID, amprocrighttype OID, amprocnum INT2, "
             "amproc REGPROC"),
    UNLISTED("pg_db_role_setting", "setdatabase OID, setrole OID, setconfig STRING[]"),
    UNLISTED("pg_event_trigger",
             "oid OID, evtname NAME, evtevent NAME, evtowner OID, evtfoid OID, evtenabled CHAR, "
             "evttags STRING[], tableoid OID HIDDEN"),
    UNLISTED("pg_largeobject_metadata", "oid OID, lomowner OID, lomacl STRING[]"),
    UNLISTED("pg_opclass",
             "oid OID, opcmethod OID, opcname NAME, opcnamespace OID, opcowner OID, opcfamily OID, "
             "opcintype OID, opcdefault BOOL, opckeytype OID, tableoid OID HIDDEN"),
    UNLISTED("pg_opfamily",
             "oid OID, opfmethod OID, opfname NAME, opfnamespace OID, opfowner OID, tableoid OID HIDDEN"),
    UNLISTED("pg_partitioned_table",
             "partrelid OID, partstrat CHAR, partnatts INT2, partdefid OID, partattrs INT2VECTOR, "
             "partclass OIDVECTOR, partcollation OIDVECTOR, partexprs STRING"),
    UNLISTED("pg_policy",
             "oid OID, polname NAME, polrelid OID, polcmd CHAR, polpermissive BOOL, "
             "polroles OID[], polqual STRING, polwithcheck STRING"),
    UNLISTED("pg_publication",
             "oid OID, pubname NAME, pubowner OID, puballtables BOOL, pubinsert BOOL, "
             "pubupdate BOOL, pubdelete BOOL, pubtruncate BOOL, pubviaroot BOOL"),
    UNLISTED("pg_publication_namespace", "oid OID, pnpubid OID, pnnspid OID"),
    UNLISTED("pg_publication_rel",
             "oid OID, prpubid OID, prrelid OID, prqual STRING, prattrs INT2VECTOR"),
    UNLISTED("pg_statistic_ext",
             "oid OID, stxrelid OID, stxname NAME, stxnamespace OID, stxowner OID, "
             "stxstattarget INT4, stxkeys INT2VECTOR, stxkind STRING[], stxexprs STRING"),
    UNLISTED("pg_ts_config",
             "oid OID, cfgname NAME, cfgnamespace OID, cfgowner OID, cfgparser OID"),
    UNLISTED("pg_ts_config_map", "mapcfg OID, maptokentype INT4, mapseqno INT4, mapdict OID"),
    UNLISTED("pg_ts_dict",
             "oid OID, dictname NAME, dictnamespace OID, dictowner OID, dicttemplate OID, "
             "dictinitoption STRING"),
    UNLISTED("pg_ts_parser",
             "oid OID, prsname NAME, prsnamespace OID, prsstart REGPROC, prstoken REGPROC, "
             "prsend REGPROC, prsheadline REGPROC, prslextype REGPROC"),
    UNLISTED("pg_ts_template",
             "oid OID, tmplname NAME, tmplnamespace OID, tmplinit REGPROC, tmpllexize REGPROC"),
    UNLISTED("pg_user_mappings",
             "umid OID, srvid OID, srvname NAME, umuser OID, usename NAME, umoptions STRING[]"),
};
const struct virtual_group virtual_group_pg_empty = {tables, sizeof(tables) / sizeof(tables[0])};
