#include "config.h"

#include "executor/password.h"

#include <crypt.h>
#include <string.h>

#include "base/hash.h"

#define BCRYPT_LEN 60
#define BCRYPT_COST 10

static const uint8_t empty_sha256[32] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

/* What bcrypt is fed; false when the password holds a NUL, which the function could not see past. */
static bool
salted(struct str *s, struct slice password)
{
    str_init(s, 1 << 20);
    str_append_slice(s, password);
    str_append(s, empty_sha256, sizeof(empty_sha256));
    return !s->failed && memchr(password.ptr != NULL ? (const char *)password.ptr : "", 0,
                                password.len) == NULL;
}

/* The hash under a setting "$2y$10$<salt>..."; NULL on failure. 2y and 2a are the same function, but
 * libcrypt deviates from 2a for some passwords with high bytes. */
static const char *
run_bcrypt(const char *phrase, const char *setting, struct crypt_data *data)
{
    memset(data, 0, sizeof(*data));
    return crypt_r(phrase, setting, data);
}

struct error *
password_hash(struct arena *a, struct slice password, char **out)
{
    char random[16], setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data data;
    struct str phrase;
    const char *hash = NULL;
    random_bytes(random, sizeof(random));
    if (salted(&phrase, password) &&
        crypt_gensalt_rn("$2y$", BCRYPT_COST, random, sizeof(random), setting,
                         sizeof(setting)) != NULL)
        hash = run_bcrypt(str_cstr(&phrase), setting, &data);
    str_release(&phrase);
    if (hash == NULL || strlen(hash) != BCRYPT_LEN)
        return err_new(ERR_INVALID_PASSWORD, "password cannot be hashed");
    *out = arena_strdup(a, hash);
    (*out)[2] = 'a';
    return NULL;
}

bool
password_matches(struct slice password, struct slice bcrypt)
{
    char setting[BCRYPT_LEN + 1];
    struct crypt_data data;
    struct str phrase;
    bool ok = false;
    if (bcrypt.len != BCRYPT_LEN || memcmp(bcrypt.ptr, "$2", 2) != 0 || bcrypt.ptr[3] != '$')
        return false;
    memcpy(setting, bcrypt.ptr, BCRYPT_LEN);
    setting[BCRYPT_LEN] = '\0';
    setting[2] = 'y';
    if (salted(&phrase, password)) {
        const char *hash = run_bcrypt(str_cstr(&phrase), setting, &data);
        uint8_t differ = 0;
        if (hash != NULL && strlen(hash) == BCRYPT_LEN) {
            for (int i = 3; i < BCRYPT_LEN; i++) /* the same time whatever differs */
                differ |= (uint8_t)(hash[i] ^ setting[i]);
            ok = differ == 0;
        }
    }
    str_release(&phrase);
    return ok;
}
