/* The compiled core on damaged rows, built with sanitizers: fuzz ROWS FIELDS ROUNDS SEED
 *
 * ROWS holds packets as a server sent them, FIELDS their packed layout. Every buffer has exactly
 * the size that the core is told, so that a byte too far is an error. Prints what was tried.
 */
#include "core.c"
#include "row_index.c"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_ROWS = 4, MOST_CHANGES = 4, LONGEST_CHANGE = 8, LONGEST_DISTANCE = 10 };

static const uint8_t telling[] = {0x00, 0x01, 0x07, 0x0b, 0x0c, 0x7f, 0x80,
                                  0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
static uint64_t state;
static uint64_t transcoded, unfit_rows, scanned, indexes;

static uint64_t chance(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : 0;
}

static void *room(uint64_t size)
{
    void *found = malloc(size ? size : 1);
    if (!found)
        abort();
    return found;
}

struct bytes {
    uint8_t *at;
    uint64_t size;
};

static struct bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        abort();
    struct bytes content = {NULL, (uint64_t)ftell(file)};
    content.at = room(content.size);
    rewind(file);
    if (fread(content.at, 1, content.size, file) != content.size)
        abort();
    fclose(file);
    return content;
}

/* Take bytes out, put others in, or cut the end off. */
static struct bytes changed(struct bytes old)
{
    const uint64_t at = chance(old.size + 1), left = old.size - at;
    uint64_t taken = chance(LONGEST_CHANGE), put = chance(LONGEST_CHANGE);
    if (chance(8) == 0)
        taken = left;
    if (chance(2))
        put = taken;
    if (taken > left)
        taken = left;
    if (put > LONGEST_CHANGE)
        put = LONGEST_CHANGE;
    struct bytes new = {room(old.size - taken + put), old.size - taken + put};
    memcpy(new.at, old.at, at);
    for (uint64_t i = 0; i < put; i++)
        new.at[at + i] = chance(2) ? telling[chance(sizeof telling)] : (uint8_t)chance(256);
    memcpy(new.at + at + put, old.at + at + taken, left - taken);
    free(old.at);
    return new;
}

static struct bytes damaged(struct bytes old)
{
    for (uint64_t changes = chance(MOST_CHANGES + 1); changes > 0; changes--)
        old = changed(old);
    return old;
}

/* A few packets that follow each other in the file, as an own copy. */
static struct bytes some_packets(struct bytes file)
{
    uint64_t at = 0, first = 0, rows = 1 + chance(MOST_ROWS), skipped = chance(64);
    for (uint64_t row = 0; row < skipped + rows && at < file.size; row++) {
        if (row == skipped)
            first = at;
        at += HEADER + load24(file.at + at);
    }
    struct bytes some = {room(at - first), at - first};
    memcpy(some.at, file.at + first, some.size);
    return some;
}

static void transcode(struct bytes stream, const uint64_t *starts, const uint64_t *lengths,
                      uint64_t count, struct bytes fields)
{
    const uint32_t columns = (uint32_t)(fields.size / sizeof(struct field));
    struct field *own = room(fields.size);
    uint64_t *counts = calloc(columns * RULE_COUNT + 1, sizeof *counts);
    uint64_t *hashes = room(count * sizeof *hashes), sums[2] = {0, 0};
    uint8_t *emit = chance(2) ? room(count) : NULL, suffix[6] = {0, 0, 0, 2, 1, 2};
    uint32_t emitted = 0;
    if (!counts)
        abort();
    memcpy(own, fields.at, fields.size);
    for (uint32_t i = 0; i < columns; i++)
        emitted += own[i].is_emitted = chance(4) != 0;
    for (uint64_t i = 0; emit && i < count; i++)
        emit[i] = (uint8_t)chance(2);
    const struct layout layout = {
        own, suffix, sizeof suffix, 2 + 24 * emitted + sizeof suffix, columns,
        chance(4) ? columns : (uint32_t)chance(columns + 1), emitted + 1};
    struct rows rows = {stream.at, stream.size, starts, lengths, 0, count, emit};
    uint64_t size = chance(2 * stream.size + 1);
    while (rows.first < count) {
        struct progress progress;
        uint8_t *out = room(size);
        dental_transcode(&rows, &layout, out, size, counts, &progress);
        free(out);
        if (progress.unfit) {
            unfit_rows++;
            break;
        }
        transcoded += progress.row - rows.first;
        size = progress.needed ? progress.needed : size;
        rows.first = progress.row;
    }
    dental_hash_rows(&rows, 1, hashes);
    dental_fold_rows(&rows, 1, sums);
    free(own);
    free(counts);
    free(hashes);
    free(emit);
}

static void scan(struct bytes stream, struct bytes fields)
{
    const uint64_t capacity = 1 + chance(2 * MOST_ROWS);
    uint64_t *starts = room(capacity * sizeof *starts), *lengths = room(capacity * sizeof *lengths);
    uint64_t position = 0, count = 0, filled = chance(stream.size + 1), whole = stream.size;
    uint8_t number = stream.size > 3 ? stream.at[3] : 0;
    dental_scan(stream.at, &position, &filled, starts, lengths, capacity, &count, &number);
    if (position <= filled && filled <= whole) {
        filled = whole;
        dental_scan(stream.at, &position, &filled, starts, lengths, capacity, &count, &number);
    }
    scanned += count;
    if (count && chance(16) == 0)
        starts[chance(count)] = chance(2) ? chance(2 * whole + 1) : UINT64_MAX - chance(9);
    if (count && chance(16) == 0)
        lengths[chance(count)] = chance(2) ? chance(2 * whole + 1) : UINT64_MAX - chance(9);
    transcode(stream, starts, lengths, count, fields);
    free(starts);
    free(lengths);
}

/* Pack ascending keys, damage the packed index, and compare what can still be read of it. */
static void compare_index(void)
{
    const uint32_t width = 2u << chance(3);
    const uint64_t count = chance(20), tuple = FIELD_START + width;
    uint8_t *tuples = calloc(count * tuple + 1, 1);
    uint64_t *hashes = room(count * sizeof *hashes), found[3];
    struct bytes packed = {room(COUNT_BYTES + count * (LONGEST_DISTANCE + HASH_BYTES)), 0};
    if (!tuples)
        abort();
    for (uint64_t row = 0; row < count; row++) {
        hashes[row] = chance(UINT64_MAX);
        tuples[row * tuple + FIELD_START] = (uint8_t)(0x80 + 12 * row + (chance(99) ? 0 : chance(99)));
        tuples[row * tuple + FIELD_START + width - 1] = (uint8_t)chance(256);
    }
    const int64_t size = dental_index_pack(tuples, width, hashes, count, packed.at);
    packed.size = size < 0 ? COUNT_BYTES : (uint64_t)size;
    struct bytes copy = {room(packed.size), packed.size};
    memcpy(copy.at, packed.at, packed.size);
    copy = damaged(copy);
    uint64_t old = copy.size < COUNT_BYTES ? 0 : load32(copy.at);
    if (copy.size >= COUNT_BYTES + old * (1 + HASH_BYTES)) { /* as row_index.py checks */
        uint64_t *old_keys = room(old * 8), *old_hashes = room(old * 8), *gone = room(old * 8);
        uint8_t *flags = room(count);
        if (copy.size >= COUNT_BYTES
            && dental_index_unpack(copy.at, copy.size, old, old_keys, old_hashes) == 0) {
            const struct old_rows rows = {old_keys, old_hashes, old, chance(3) ? 0 : SIGN,
                                          chance(3) ? UINT64_MAX : SIGN};
            dental_index_compare(&rows, tuples, width, hashes, count, flags, gone, found);
            indexes++;
        }
        free(old_keys);
        free(old_hashes);
        free(gone);
        free(flags);
    }
    free(tuples);
    free(hashes);
    free(packed.at);
    free(copy.at);
}

int main(int count, char **arguments)
{
    if (count != 5)
        return 2;
    const struct bytes rows = read_file(arguments[1]), fields = read_file(arguments[2]);
    const uint64_t rounds = strtoull(arguments[3], NULL, 10);
    state = strtoull(arguments[4], NULL, 10) * 2654435761u + 1;
    for (uint64_t round = 0; round < rounds; round++) {
        struct bytes stream = damaged(some_packets(rows));
        scan(stream, fields);
        free(stream.at);
        compare_index();
    }
    printf("%llu rounds: %llu rows found, %llu transcoded, %llu refused, %llu indexes compared\n",
           (unsigned long long)rounds, (unsigned long long)scanned, (unsigned long long)transcoded,
           (unsigned long long)unfit_rows, (unsigned long long)indexes);
    free(rows.at);
    free(fields.at);
    return 0;
}
