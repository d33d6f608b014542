/* executor/backup/work_int.h - between the two sides of work.h. */
#ifndef AMBERDB_EXECUTOR_BACKUP_WORK_INT_H
#define AMBERDB_EXECUTOR_BACKUP_WORK_INT_H

#include "executor/backup/work.h"
#include "executor/system_rows.h"

#define WORK_PREFIX "\x04\0amberdb-work-"
#define WORK_JOB_AT (sizeof(WORK_PREFIX) - 1)
#define WORK_WHAT   "unit of a backup"

typedef Amberdb__BackupWork pb_work;

static inline pb_work *
work_of(ProtobufCMessage *m)
{
    return (pb_work *)(void *)m;
}

#endif
