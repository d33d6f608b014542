/* base/lock_rank.h - the order in which locks may be taken: a thread that holds one may take only
 * one of a higher rank. */
#ifndef AMBERDB_BASE_LOCK_RANK_H
#define AMBERDB_BASE_LOCK_RANK_H

enum lock_rank {
    RANK_SERVER,        /* list of connections */
    RANK_SESSION,       /* one session's shared fields: query text, cancel */
    RANK_JOB_REGISTRY,  /* running jobs of this node */
    RANK_JOB,           /* one running job */
    RANK_LEASE,         /* cached descriptors */
    RANK_SEQUENCE,      /* sequence caches */
    RANK_TXN_MANAGER,   /* active transactions, lock table */
    RANK_COMMIT,        /* group commit queue */
    RANK_ENGINE,        /* an engine's own */
    RANK_POOL,          /* work queues */
    RANK_LEAF,          /* clock, log, budget: takes nothing further */
};

#endif
