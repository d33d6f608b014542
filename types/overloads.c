/* The list of all operators and functions that need no catalog. */
#include "config.h"

#include "types/type_ops_int.h"

const struct overload_table *const type_overload_tables[] = {
    &overloads_number_ops,   &overloads_string_ops,    &overloads_datetime_ops,
    &overloads_array_ops,    &overloads_json_ops,      &overloads_inet_ops,
    &overloads_bit_ops,      &overloads_number_fns,    &overloads_string_fns,
    &overloads_regexp_fns,   &overloads_bytes_fns,     &overloads_misc_fns,
    &overloads_format_fns,   &overloads_typeio_fns,
    &overloads_datetime_fns, &overloads_array_fns,     &overloads_json_fns,
    &overloads_inet_fns,     &overloads_bit_fns,       &overloads_uuid_fns,
    &overloads_number_gens,  &overloads_datetime_gens, &overloads_array_gens,
    &overloads_json_gens,
};

const size_t n_type_overload_tables = ARRAY_COUNT(type_overload_tables);
