/* executor/backup/destinations.h - which destination of a locality-aware BACKUP a range's data go to:
 * that of the most specific tier of its leaseholder's locality that has one, else the default.
 *
 * Ownership: all in the job's arena. SOURCE: semantics 5, cluster 6.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_DESTINATIONS_H
#define AMBERDB_EXECUTOR_BACKUP_DESTINATIONS_H

#include "executor/backup/export.h"

/* N of nodelocal://N; 0 for any other, and where each node has its own. */
uint32_t node_of_uri(const char *uri);
/* Are they files of a node, whichever that is? It may go, and come back. */
static inline bool
uri_is_a_nodes(const char *uri)
{
    return node_of_uri(uri) != 0;
}
/* The contrary, asked as node_reaches is. */
static inline bool
uri_is_nobodys(struct node *n, const char *uri)
{
    (void)n;
    return !uri_is_a_nodes(uri);
}
/* false: these are files of a node that is away. */
bool node_reaches(struct node *n, const char *uri);

struct destinations;

/* `main`: the default destination, open already. */
struct error *destinations_open(struct arena *a, struct node *n, const struct cancel *cancel,
                                const Amberdb__BackupDetails *d, struct sink *main,
                                const struct crypt_key *key, struct destinations **out) ERR_MUST_USE;
/* Who has which ranges of the tables of m, as the leases are now. */
struct error *destinations_route(struct destinations *d, struct node *n, const struct cancel *cancel,
                                 const pb_manifest *m) ERR_MUST_USE;
/* The item cut where the destination changes, each piece with its own; *v and *n begin empty. */
void destinations_cut(struct destinations *d, struct export_item item, struct export_item **v,
                      size_t *n);

/* That of a locality; the default one for "". */
const struct export_dest *destinations_find(const struct destinations *d, const char *locality_kv);

/* Before the manifest names them: the files lie where they were written, as far as destinations can tell
 * (somebody may have removed a folder). sealed: so does the salt of their key. */
struct error *destinations_check_files(struct destinations *d, pb_file *const *files, size_t n,
                                       bool sealed) ERR_MUST_USE;

#endif
