/* storage/sst_int.h - what the reader and the writer of SST files both know.
 *
 * SOURCE: backup-format 6, storage-notes 1:
 *
 *   data blocks | index block | properties block | metaindex block | footer
 *   block  = contents | type, 1 byte: 00 raw, 01 snappy | masked CRC-32C of both, LE 4
 *   entry  = uvarint shared | uvarint unshared | uvarint value length | key rest | value
 *   block's end = restart offsets, LE 4 each | their count, LE 4
 *   key in data and index blocks = MVCC key | LE 8: sequence << 8 | kind
 *   footer = metaindex handle | index handle | zeros to 40 bytes | magic, 8
 *   RocksDB's other footer = checksum type, 1 | handles, zeros to 40 | version, LE 4 | magic, 8
 */
#ifndef AMBERDB_STORAGE_SST_INT_H
#define AMBERDB_STORAGE_SST_INT_H

#include "base/enc.h"
#include "storage/sst.h"

#define SST_MAGIC_LEVELDB UINT64_C(0xdb4775248b80fb57)
#define SST_MAGIC_ROCKSDB UINT64_C(0x88e241b785f4cff7)
#define SST_FOOTER_LEVELDB 48
#define SST_FOOTER_ROCKSDB 53
#define SST_BLOCK_TRAILER 5
#define SST_KEY_TRAILER 8
#define SST_TRAILER_PUT UINT64_C(1)                       /* sequence 0, kind Put */
#define SST_TRAILER_SEEK ((((UINT64_C(1) << 56) - 1) << 8) | 0x11) /* of a shortened index key */

#define SST_PROPERTIES "rocksdb.properties"
#define SST_PROP_TS_MIN "crdb.ts.min"
#define SST_PROP_TS_MAX "crdb.ts.max"

enum sst_compression {
    SST_RAW = 0,
    SST_SNAPPY = 1,
};

static inline uint32_t
sst_crc_mask(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

#endif
