/* storage/rocksdb_shim.cc - see rocksdb_shim.h. The only C++ of the project. */
#include "config.h"

#include "storage/rocksdb_shim.h"

#include <memory>
#include <string>
#include <vector>

#include <rocksdb/c.h>
#include <rocksdb/comparator.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/table_properties.h>

/* base/ and mvcc.h are C; these are all that is needed of them here. */
extern "C" {
struct shim_bytes {
    const uint8_t *ptr;
    size_t len;
};
struct shim_time {
    int64_t wall;
    int32_t logical;
};
int mvcc_compare(struct shim_bytes a, struct shim_bytes b);
bool mvcc_split(struct shim_bytes m, struct shim_bytes *key, struct shim_time *ts);
size_t mvcc_separator(struct shim_bytes a, struct shim_bytes b, uint8_t *out);
size_t mvcc_successor(struct shim_bytes a, uint8_t *out);
uint32_t crc32c(uint32_t crc, const void *p, size_t len);
}

/* Debian's library computes CRC-32C from tables, at 1.5 GB/s: a fifth of a scan. A program's own symbol
 * goes before that of a shared library, so that every checksum of blocks and log is the fast one. */
namespace rocksdb {
namespace crc32c {
uint32_t Extend(uint32_t init_crc, const char *data, size_t n);
uint32_t Extend(uint32_t init_crc, const char *data, size_t n)
{
    return ::crc32c(init_crc, data, n);
}
} // namespace crc32c
} // namespace rocksdb

namespace {

using rocksdb::Slice;

const char kMin[] = "crdb.ts.min";
const char kMax[] = "crdb.ts.max";

shim_bytes Bytes(const Slice &s)
{
    return {reinterpret_cast<const uint8_t *>(s.data()), s.size()};
}

class MvccComparator : public rocksdb::Comparator {
  public:
    const char *Name() const override { return "cockroach_comparator"; }
    int Compare(const Slice &a, const Slice &b) const override
    {
        return mvcc_compare(Bytes(a), Bytes(b));
    }
    void FindShortestSeparator(std::string *start, const Slice &limit) const override
    {
        std::string out(start->size(), '\0');
        size_t n = mvcc_separator(Bytes(*start), Bytes(limit), Room(&out));
        if (n > 0)
            start->assign(out, 0, n);
    }
    void FindShortSuccessor(std::string *key) const override
    {
        std::string out(key->size(), '\0');
        size_t n = mvcc_successor(Bytes(*key), Room(&out));
        if (n > 0)
            key->assign(out, 0, n);
    }

  private:
    static uint8_t *Room(std::string *s) { return reinterpret_cast<uint8_t *>(&(*s)[0]); }
};

int TimeCompare(const shim_time &a, const shim_time &b)
{
    if (a.wall != b.wall)
        return a.wall < b.wall ? -1 : 1;
    return (a.logical > b.logical) - (a.logical < b.logical);
}

std::string TimeEncode(const shim_time &t)
{
    std::string s;
    for (int shift = 56; shift >= 0; shift -= 8)
        s.push_back(static_cast<char>(static_cast<uint64_t>(t.wall) >> shift));
    if (t.logical != 0)
        for (int shift = 24; shift >= 0; shift -= 8)
            s.push_back(static_cast<char>(static_cast<uint32_t>(t.logical) >> shift));
    return s;
}

bool TimeDecode(const std::string &s, shim_time *t)
{
    if (s.size() != 8 && s.size() != 12)
        return false;
    uint64_t wall = 0;
    uint32_t logical = 0;
    for (size_t i = 0; i < 8; i++)
        wall = wall << 8 | static_cast<uint8_t>(s[i]);
    for (size_t i = 8; i < s.size(); i++)
        logical = logical << 8 | static_cast<uint8_t>(s[i]);
    t->wall = static_cast<int64_t>(wall);
    t->logical = static_cast<int32_t>(logical);
    return t->wall >= 0 && t->logical >= 0;
}

class TimeBoundCollector : public rocksdb::TablePropertiesCollector {
  public:
    explicit TimeBoundCollector(uint8_t least) : least_(least) {}
    const char *Name() const override { return "TimeBoundTblPropCollector"; }
    rocksdb::Status AddUserKey(const Slice &key, const Slice &, rocksdb::EntryType,
                               rocksdb::SequenceNumber, uint64_t) override
    {
        shim_bytes user;
        shim_time ts;
        if (!mvcc_split(Bytes(key), &user, &ts)) {
            unknown_ = true; /* then no bounds are written and the file is always read */
            return rocksdb::Status::OK();
        }
        if (user.len == 0 || user.ptr[0] < least_ || (ts.wall == 0 && ts.logical == 0))
            return rocksdb::Status::OK();
        if (!any_ || TimeCompare(ts, min_) < 0)
            min_ = ts;
        if (!any_ || TimeCompare(ts, max_) > 0)
            max_ = ts;
        any_ = true;
        return rocksdb::Status::OK();
    }
    rocksdb::Status Finish(rocksdb::UserCollectedProperties *p) override
    {
        if (unknown_)
            return rocksdb::Status::OK();
        (*p)[kMin] = TimeEncode(min_); /* a file without versions: 0 and 0, always left out */
        (*p)[kMax] = TimeEncode(max_);
        return rocksdb::Status::OK();
    }
    rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }

  private:
    uint8_t least_;
    bool any_ = false, unknown_ = false;
    shim_time min_{0, 0}, max_{0, 0};
};

class TimeBoundFactory : public rocksdb::TablePropertiesCollectorFactory {
  public:
    explicit TimeBoundFactory(uint8_t least) : least_(least) {}
    const char *Name() const override { return "TimeBoundTblPropCollectorFactory"; }
    rocksdb::TablePropertiesCollector *
    CreateTablePropertiesCollector(rocksdb::TablePropertiesCollectorFactory::Context) override
    {
        return new TimeBoundCollector(least_);
    }

  private:
    uint8_t least_;
};

rocksdb::Options *Opts(rocksdb_options_t *o)
{
    return reinterpret_cast<rocksdb::Options *>(o);
}

rocksdb::ReadOptions *Opts(rocksdb_readoptions_t *o)
{
    return reinterpret_cast<rocksdb::ReadOptions *>(o);
}

} // namespace

bool
rocksdb_shim_check(void)
{
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_write_buffer_size(o, 7654321);
    rocksdb_options_set_max_open_files(o, 4321);
    bool good = Opts(o)->write_buffer_size == 7654321 && Opts(o)->max_open_files == 4321;
    rocksdb_options_destroy(o);
    rocksdb_readoptions_t *r = rocksdb_readoptions_create();
    rocksdb_readoptions_set_readahead_size(r, 54321);
    good = good && Opts(r)->readahead_size == 54321 && !Opts(r)->table_filter;
    rocksdb_readoptions_destroy(r);
    rocksdb_ingestexternalfileoptions_t *i = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(i, 1);
    const auto *io = reinterpret_cast<const rocksdb::IngestExternalFileOptions *>(i);
    good = good && io->move_files && io->write_global_seqno;
    rocksdb_ingestexternalfileoptions_destroy(i);
    return good;
}

bool
rocksdb_shim_refresh(rocksdb_iterator_t *it)
{
    return (*reinterpret_cast<rocksdb::Iterator **>(it))->Refresh().ok();
}

void
rocksdb_shim_set_comparator(rocksdb_options_t *o)
{
    static const MvccComparator *const comparator = new MvccComparator;
    Opts(o)->comparator = comparator;
}

void
rocksdb_shim_add_time_bounds(rocksdb_options_t *o, uint8_t least)
{
    Opts(o)->table_properties_collector_factories.push_back(
        std::make_shared<TimeBoundFactory>(least));
}

void
rocksdb_shim_set_time_filter(rocksdb_readoptions_t *o, int64_t since_wall, int32_t since_logical,
                             int64_t until_wall, int32_t until_logical)
{
    shim_time since{since_wall, since_logical}, until{until_wall, until_logical};
    Opts(o)->table_filter = [since, until](const rocksdb::TableProperties &p) {
        auto lo = p.user_collected_properties.find(kMin);
        auto hi = p.user_collected_properties.find(kMax);
        shim_time min, max;
        if (lo == p.user_collected_properties.end() || hi == p.user_collected_properties.end() ||
            !TimeDecode(lo->second, &min) || !TimeDecode(hi->second, &max))
            return true;
        return TimeCompare(min, until) <= 0 && TimeCompare(max, since) > 0;
    };
}

uint64_t
rocksdb_shim_span_bytes(rocksdb_t *db, const uint8_t *start, size_t start_len, const uint8_t *end,
                        size_t end_len)
{
    rocksdb::DB *d = *reinterpret_cast<rocksdb::DB **>(db);
    rocksdb::Range r(Slice(reinterpret_cast<const char *>(start), start_len),
                     Slice(reinterpret_cast<const char *>(end), end_len));
    uint64_t bytes = 0;
    rocksdb::SizeApproximationOptions o;
    o.include_memtables = true;
    o.include_files = true;
    o.files_size_error_margin = 0.1;
    return d->GetApproximateSizes(o, d->DefaultColumnFamily(), &r, 1, &bytes).ok() ? bytes : 0;
}

void
rocksdb_shim_leave_files_alone(rocksdb_ingestexternalfileoptions_t *o)
{
    reinterpret_cast<rocksdb::IngestExternalFileOptions *>(o)->write_global_seqno = false;
}

struct rocksdb_shim_files {
    rocksdb::ColumnFamilyMetaData meta;
    std::vector<rocksdb_shim_file> list;
};

rocksdb_shim_files *
rocksdb_shim_files_in(rocksdb_t *db, const uint8_t *lower, size_t lower_len, const uint8_t *upper,
                      size_t upper_len)
{
    rocksdb::DB *d = *reinterpret_cast<rocksdb::DB **>(db);
    auto *f = new rocksdb_shim_files;
    d->GetColumnFamilyMetaData(d->DefaultColumnFamily(), &f->meta);
    for (const auto &level : f->meta.levels) {
        for (const auto &file : level.files) {
            Slice smallest(file.smallestkey), largest(file.largestkey);
            if (mvcc_compare(Bytes(largest), {lower, lower_len}) < 0 ||
                mvcc_compare(Bytes(smallest), {upper, upper_len}) >= 0)
                continue;
            f->list.push_back({level.level, file.relative_filename.c_str(), file.size,
                               file.largest_seqno,
                               {Bytes(smallest).ptr, smallest.size()},
                               {Bytes(largest).ptr, largest.size()}});
        }
    }
    return f;
}

const rocksdb_shim_file *
rocksdb_shim_files_list(const rocksdb_shim_files *f, size_t *n)
{
    *n = f->list.size();
    return f->list.data();
}

void
rocksdb_shim_files_free(rocksdb_shim_files *f)
{
    delete f;
}
