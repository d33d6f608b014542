/* executor/backup/work.h - a BACKUP or a RESTORE that the processes over one store do together.
 *
 * The coordinator, who has the job's lease, cuts the spans into units and writes a row for each: of a BACKUP
 * for the node that has the ranges (or whose files the destination is), of a RESTORE for anybody. Nodes look
 * for rows that are theirs, claim one, export or import it and write into the row what came of it: a list of
 * files, or counts of rows. The coordinator collects that until there is all; the rest of the job is its own.
 *
 *   key     "\x04\0amberdb-work-" | job, 8 bytes | unit, 4 bytes
 *   value   BackupWork: run, owner; node, pieces; claim; begun; done, files or counts or error
 *
 *   who writes it, in one transaction with the condition
 *     all rows          the coordinator: the job's lease is its own. Rows of an earlier coordinator go;
 *                       the files of those that are done count, and of a RESTORE such rows stay
 *     claim             a node: the row is not done; nobody has it, or who has it is dead; it is for
 *                       this node or anybody, or for one that is gone and did not have the files alone
 *     begun             who has the claim (node, epoch, run): every two seconds. Finds out, so, that the
 *                       job wants nothing of it any more
 *     done              the same. When the claim is lost, another node does it: the files are removed
 *     removal           the coordinator: the files stand in a checkpoint, or the job has an end
 *
 * The rows that a RESTORE writes are not in such a transaction: a fence stands for it (doc/decisions/0009).
 *
 * So a unit counts once, whoever dies or comes back late. What a dead node had written but not told of is
 * in no manifest. Nothing is pushed: nodes look once a second, or when they learn that a row was
 * written; the coordinator looks at the rows five times a second.
 *
 * Threads: work_run, _collect, _clear belong to the job's thread; the others are thread safe.
 */
#ifndef AMBERDB_EXECUTOR_BACKUP_WORK_H
#define AMBERDB_EXECUTOR_BACKUP_WORK_H

#include "executor/backup/export.h"
#include "executor/jobs/jobs.h"

/* Are there other processes to work with? */
bool work_is_shared(struct node *n);
/* As export_run, by all nodes. *retaken: some began what others ended, and may have left files. */
struct error *work_run(struct arena *a, struct job *j, const struct export_opts *o,
                       struct file_list *files, bool *retaken) ERR_MUST_USE;
/* Files of units that are done go to the list, unless they are there already. Rows stay. */
struct error *work_collect(struct arena *a, struct job *j, struct file_list *files) ERR_MUST_USE;
/* Removes the job's rows, but those of another coordinator that lives, and of what is done unless that
 * goes too. */
struct error *work_clear(struct job *j, bool done_too) ERR_MUST_USE;
/* All of them, of whatever coordinator, as long as the job is this node's. */
struct error *work_forget(struct job *j) ERR_MUST_USE;

/* The thread of a node that looks for work: n->work, none where the store is not shared. */
struct error *work_start(struct node *n) ERR_MUST_USE;
/* The keys of rows. */
struct span work_span(void);

#endif
