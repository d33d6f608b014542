/* executor/backup/backup_plan.h - a BACKUP statement on its way to a job. */
#ifndef AMBERDB_EXECUTOR_BACKUP_BACKUP_PLAN_H
#define AMBERDB_EXECUTOR_BACKUP_BACKUP_PLAN_H

#include "executor/backup/backup_int.h"

struct backup_dest {
    const char *kv;
    char *uri;
};

struct backup_plan {
    struct arena *a;
    struct node *node;
    const struct cancel *cancel; /* of the statement */
    struct hlc start, end;
    bool cluster, history, appended;
    char *default_uri;             /* with the appended sub-directory, when there is one */
    size_t n_dests;                /* the others, by locality */
    struct backup_dest *dests;
    int n_incremental_from;
    char **incremental_from;
    const char *collection_uri;    /* BACKUP INTO: NULL otherwise */
    const char *collection_dir;
    bool collection_new;           /* a full backup, which will be its latest */
    struct backup_chain prior;     /* n = 0: a full backup */
    bool encrypted;
    struct crypt_key key;
    struct slice salt;
    struct desc_list all;          /* every descriptor as of end */
    struct resolved targets;
    struct span_list spans, introduced;
    pb_manifest *manifest;         /* without files */
};

struct error *backup_destinations(struct arena *a, char *const *uris, int n, struct backup_plan *p)
    ERR_MUST_USE;
struct error *backup_find_prior(struct backup_plan *p, const char *passphrase) ERR_MUST_USE;
/* In a transaction that reads as of p->end. */
struct error *backup_resolve(struct exec_ctx *x, struct backup_plan *p,
                             const struct ast_targets *targets) ERR_MUST_USE;
struct error *backup_cover(struct backup_plan *p) ERR_MUST_USE;
void backup_fill_manifest(struct backup_plan *p);
struct error *sink_has(struct sink *s, const char *name, bool *there) ERR_MUST_USE;

#endif
