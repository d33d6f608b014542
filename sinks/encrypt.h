/* sinks/encrypt.h - a sink whose files are sealed with AES-256-GCM, as v20.1 encrypts backups.
 *
 * A file is the 7 bytes "encrypt", version 1, a nonce of 12 bytes, the ciphertext of the whole
 * plaintext as one message, and the tag of 16 bytes. Files stream through: nothing holds a whole one
 * in memory; what is mapped lies decrypted in an unlinked file of the temporary folder, and only
 * after its tag was right.
 *
 * Errors:  XXUUU "file does not appear to be encrypted", "cipher: message authentication failed".
 * Threads: as sink.h. Format: SOURCE backup-format 5.
 */
#ifndef AMBERDB_SINKS_ENCRYPT_H
#define AMBERDB_SINKS_ENCRYPT_H

#include "sinks/sink.h"

#define CRYPT_KEY_LEN 32
#define CRYPT_SALT_LEN 16
#define CRYPT_OVERHEAD 36 /* bytes that a sealed file is longer */

struct crypt_key {
    uint8_t bytes[CRYPT_KEY_LEN];
};

/* PBKDF2-HMAC-SHA256, 64 000 rounds. */
struct error *crypt_derive(struct slice passphrase, struct slice salt, struct crypt_key *out)
    ERR_MUST_USE;
bool crypt_is_sealed(struct slice bytes); /* begins as a sealed file does */

/* Wraps inner, which it closes with itself. Sizes are those of plaintexts. */
struct sink *sink_encrypted(struct sink *inner, const struct crypt_key *key, const char *temp_dir);

#endif
