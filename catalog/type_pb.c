/* catalog/type_pb.c - column types as descriptors hold them: upgrade on reading, old fields on
 * writing.
 *
 * SOURCE: backup-format 3.4 and 4.4 (CockroachDB v20.1 pkg/sql/types/types.go, upgradeType and
 * downgradeType).
 */
#include "config.h"

#include "catalog/desc.h"
#include "catalog/pb.h"
#include "types/type.h"

enum { /* families that only old writers use */
    LEGACY_NAME = 11,
    LEGACY_INT2VECTOR = 200,
    LEGACY_OIDVECTOR = 201,
};

enum { /* visible_type */
    VISIBLE_NONE = 0,
    VISIBLE_INTEGER = 1,
    VISIBLE_SMALLINT = 2,
    VISIBLE_BIGINT = 3,
    VISIBLE_REAL = 5,
    VISIBLE_DOUBLE = 6,
    VISIBLE_VARCHAR = 7,
    VISIBLE_CHAR = 8,
    VISIBLE_QCHAR = 9,
    VISIBLE_VARBIT = 10,
};

enum { /* the OIDs that this file tells apart */
    OID_QCHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT2VECTOR = 22,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OIDVECTOR = 30,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_BIT = 1560,
    OID_VARBIT = 1562,
};

/* ---- reading ---- */

static uint32_t
canonical_oid(int family)
{
    static const struct {
        int family;
        uint32_t oid;
    } oids[] = {
        {FAMILY_BOOL, 16},        {FAMILY_INT, 20},       {FAMILY_FLOAT, 701},
        {FAMILY_DECIMAL, 1700},   {FAMILY_DATE, 1082},    {FAMILY_TIMESTAMP, 1114},
        {FAMILY_INTERVAL, 1186},  {FAMILY_STRING, 25},    {FAMILY_BYTES, 17},
        {FAMILY_TIMESTAMPTZ, 1184}, {FAMILY_COLLATED_STRING, 25}, {FAMILY_OID, 26},
        {FAMILY_UNKNOWN, 705},    {FAMILY_UUID, 2950},    {FAMILY_INET, 869},
        {FAMILY_TIME, 1083},      {FAMILY_JSON, 3802},    {FAMILY_TIMETZ, 1266},
        {FAMILY_TUPLE, 2249},     {FAMILY_BIT, 1560},     {FAMILY_ANY, 2283},
    };
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++)
        if (oids[i].family == family)
            return oids[i].oid;
    return 0;
}

static void
upgrade_int(struct type *t, int visible)
{
    static const uint32_t oid_by_visible[] = {0, OID_INT4, OID_INT2, OID_INT8};
    t->oid = visible >= VISIBLE_INTEGER && visible <= VISIBLE_BIGINT ? oid_by_visible[visible]
             : t->width == 16                                        ? OID_INT2
             : t->width == 32                                        ? OID_INT4
                                                                     : OID_INT8;
    t->width = t->oid == OID_INT2 ? 16 : t->oid == OID_INT4 ? 32 : 64;
    t->precision = 0;
}

static void
upgrade_float(struct type *t, int visible)
{
    bool narrow = visible == VISIBLE_REAL     ? true
                  : visible == VISIBLE_DOUBLE ? false
                  : t->width == 32            ? true
                  : t->width == 64            ? false
                                              : t->precision >= 1 && t->precision <= 24;
    t->oid = narrow ? OID_FLOAT4 : OID_FLOAT8;
    t->width = narrow ? 32 : 64;
    t->precision = 0;
}

static void
upgrade_time_precision(struct type *t)
{
    if (t->precision < 0) {
        t->precision = 0;
        t->time_precision_is_set = false;
    } else if (t->precision > 0) {
        t->time_precision_is_set = true;
    }
}

static void
upgrade_string(struct type *t, int visible, bool name)
{
    if (name)
        t->oid = OID_NAME;
    else
        t->oid = visible == VISIBLE_VARCHAR ? OID_VARCHAR
                 : visible == VISIBLE_CHAR  ? OID_BPCHAR
                 : visible == VISIBLE_QCHAR ? OID_QCHAR
                                            : OID_TEXT;
    t->precision = 0;
    if (t->width < 0)
        t->width = 0;
}

/* Everything but arrays and tuples. */
static const struct type *
scalar_from_pb(struct arena *a, const Amberdb__InternalType *pb, int family)
{
    struct type *t = ARENA_NEW(a, struct type);
    int visible = (int)PB_GET(pb, visible_type);
    bool name = family == LEGACY_NAME;

    if (name)
        family = pb_str(pb->locale)[0] != '\0' ? FAMILY_COLLATED_STRING : FAMILY_STRING;
    t->oid = PB_GET(pb, oid);
    t->width = PB_GET(pb, width);
    t->precision = PB_GET(pb, precision);
    t->time_precision_is_set = PB_GET(pb, time_precision_is_set);
    t->family = (enum type_family)family;
    if (t->oid == 0) /* before 19.2 */
        t->oid = canonical_oid(family);
    switch (t->family) {
    case FAMILY_INT:
        upgrade_int(t, visible);
        break;
    case FAMILY_FLOAT:
        upgrade_float(t, visible);
        break;
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
    case FAMILY_TIME:
    case FAMILY_TIMETZ:
        upgrade_time_precision(t);
        break;
    case FAMILY_INTERVAL:
        upgrade_time_precision(t);
        if (pb->interval_duration_field != NULL) {
            const Amberdb__IntervalDurationField *f = pb->interval_duration_field;
            int to = (int)PB_GET(f, duration_type), from = (int)PB_GET(f, from_duration_type);
            if (to < 0 || to > INTERVAL_MILLISECOND || from < 0 || from > INTERVAL_MILLISECOND)
                return NULL;
            t->has_interval_field = to != 0;
            t->interval_unit = (enum interval_unit)to;
            t->interval_from = (enum interval_unit)from;
        }
        break;
    case FAMILY_COLLATED_STRING:
        t->locale = arena_strdup(a, pb_str(pb->locale));
        if (t->locale[0] == '\0')
            return NULL;
        upgrade_string(t, visible, name || (t->oid == OID_NAME && visible == VISIBLE_NONE));
        break;
    case FAMILY_STRING:
        upgrade_string(t, visible, name);
        break;
    case FAMILY_BIT:
        t->oid = visible == VISIBLE_VARBIT ? OID_VARBIT : OID_BIT;
        break;
    case FAMILY_BOOL:
    case FAMILY_DECIMAL:
    case FAMILY_DATE:
    case FAMILY_BYTES:
    case FAMILY_OID:
    case FAMILY_UNKNOWN:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_JSON:
    case FAMILY_ANY:
        break;
    case FAMILY_ARRAY:
    case FAMILY_TUPLE:
    default: /* a number from outside */
        return NULL;
    }
    return t;
}

static const struct type *
array_from_pb(struct arena *a, const Amberdb__InternalType *pb)
{
    const struct type *elem;
    if (pb->array_contents != NULL) {
        if (PB_GET(pb->array_contents, family) == FAMILY_ARRAY)
            return NULL;
        elem = type_from_pb(a, pb->array_contents);
    } else {
        Amberdb__InternalType e = *pb;
        if (!pb->has_array_elem_type || pb->array_elem_type == FAMILY_ARRAY)
            return NULL;
        e.has_family = 1;
        e.family = pb->array_elem_type;
        e.has_oid = 0;
        e.n_array_dimensions = 0;
        elem = type_from_pb(a, &e);
    }
    if (elem == NULL || elem->family == FAMILY_TUPLE)
        return NULL;
    return type_array_of(a, elem);
}

static const struct type *
tuple_from_pb(struct arena *a, const Amberdb__InternalType *pb)
{
    int n = (int)pb->n_tuple_contents;
    const struct type **contents = ARENA_ARRAY(a, const struct type *, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        contents[i] = type_from_pb(a, pb->tuple_contents[i]);
        if (contents[i] == NULL)
            return NULL;
    }
    const char **labels = NULL;
    if (pb->n_tuple_labels == (size_t)n && n > 0) {
        labels = ARENA_ARRAY(a, const char *, (size_t)n);
        for (int i = 0; i < n; i++)
            labels[i] = arena_strdup(a, pb_str(pb->tuple_labels[i]));
    }
    return type_tuple(a, n, contents, labels);
}

const struct type *
type_from_pb(struct arena *a, const Amberdb__InternalType *pb)
{
    if (pb == NULL)
        return NULL;
    int family = (int)PB_GET(pb, family);
    switch (family) {
    case FAMILY_ARRAY:
        if (PB_GET(pb, oid) == OID_INT2VECTOR)
            return &TYPE_INT2VECTOR;
        if (PB_GET(pb, oid) == OID_OIDVECTOR)
            return &TYPE_OIDVECTOR;
        return array_from_pb(a, pb);
    case FAMILY_TUPLE:
        return tuple_from_pb(a, pb);
    case LEGACY_INT2VECTOR:
        return &TYPE_INT2VECTOR;
    case LEGACY_OIDVECTOR:
        return &TYPE_OIDVECTOR;
    default:
        return scalar_from_pb(a, pb, family);
    }
}

/* ---- writing ---- */

static void
downgrade_visible(Amberdb__InternalType *pb, const struct type *t)
{
    int visible = VISIBLE_NONE;
    switch (t->family) {
    case FAMILY_FLOAT:
        visible = t->width == 32 ? VISIBLE_REAL : VISIBLE_NONE;
        break;
    case FAMILY_STRING:
    case FAMILY_COLLATED_STRING:
        visible = t->oid == OID_VARCHAR  ? VISIBLE_VARCHAR
                  : t->oid == OID_BPCHAR ? VISIBLE_CHAR
                  : t->oid == OID_QCHAR  ? VISIBLE_QCHAR
                                         : VISIBLE_NONE;
        if (t->oid == OID_NAME)
            pb->family = LEGACY_NAME;
        break;
    case FAMILY_BIT:
        visible = t->oid == OID_VARBIT ? VISIBLE_VARBIT : VISIBLE_NONE;
        break;
    default:
        break;
    }
    PB_SET(pb, visible_type, visible);
}

Amberdb__InternalType *
type_to_pb(struct arena *a, const struct type *t)
{
    Amberdb__InternalType *pb = PB_NEW(a, InternalType, internal_type);

    PB_SET(pb, family, (int32_t)t->family);
    PB_SET(pb, width, t->width);
    PB_SET(pb, precision, t->precision);
    PB_SET(pb, oid, t->oid);
    PB_SET(pb, time_precision_is_set, t->time_precision_is_set);
    if (t->locale != NULL && t->locale[0] != '\0')
        pb->locale = arena_strdup(a, t->locale);
    downgrade_visible(pb, t);
    if (t->family == FAMILY_INTERVAL) {
        Amberdb__IntervalDurationField *f =
            PB_NEW(a, IntervalDurationField, interval_duration_field);
        PB_SET(f, duration_type, t->has_interval_field ? (int32_t)t->interval_unit : 0);
        PB_SET(f, from_duration_type, t->has_interval_field ? (int32_t)t->interval_from : 0);
        pb->interval_duration_field = f;
    }
    if (t->family == FAMILY_ARRAY) {
        Amberdb__InternalType *e = type_to_pb(a, t->elem);
        pb->array_contents = e;
        pb->width = e->width;
        pb->precision = e->precision;
        pb->locale = e->locale;
        PB_SET(pb, visible_type, e->visible_type);
        PB_SET(pb, array_elem_type, e->family);
        if (t->oid == OID_INT2VECTOR)
            pb->family = LEGACY_INT2VECTOR;
        if (t->oid == OID_OIDVECTOR)
            pb->family = LEGACY_OIDVECTOR;
    }
    if (t->family == FAMILY_TUPLE) {
        for (int i = 0; i < t->n; i++) {
            PB_PUSH(a, pb->tuple_contents, pb->n_tuple_contents, type_to_pb(a, t->contents[i]));
            if (t->labels != NULL)
                PB_PUSH(a, pb->tuple_labels, pb->n_tuple_labels, arena_strdup(a, t->labels[i]));
        }
    }
    pb_complete(a, PB_BASE(pb));
    return pb;
}
