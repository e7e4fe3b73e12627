/* From rows of the MySQL binary protocol to tuples of PostgreSQL's binary COPY, and row hashes.
 *
 * The rules are written down in include/transcoder/encoding.py, which makes the same bytes in
 * plain Python; a test holds the two together. Nothing here keeps state between calls. A packet is
 * not trusted: every read is checked against the end of its row, and a row that is no row of the
 * expected columns is reported, not guessed at.
 */
#define XXH_INLINE_ALL
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* The numbers of these enums are those of Kind (layout.py), Unfit, ScanStatus (rows.py), RULES. */
enum kind {
    INT8 = 1, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64,
    FLOAT, DOUBLE, DECIMAL, BITS, DATE, DATETIME, TIME, TEXT, BYTES
};
enum unfit { FIT, NO_ROW, OUT_OF_ROW, LEFT_OVER, NO_TIME, NO_NUMBER, DOES_NOT_FIT };
enum scan_status { MORE, END, ERROR, FULL };
enum rule { ZERO_DATE, IMPOSSIBLE_DATE, NUL_CHARACTER, RULE_COUNT };

enum {
    HEADER = 4,
    LONGEST_PART = 0xffffff,
    DECIMAL_LIMIT = 80, /* characters; 65 digits, a sign and a point are the most there can be */
    GROUP_LIMIT = DECIMAL_LIMIT / 4 + 2,
    NUMERIC_NEGATIVE = 0x4000,
    TIME_HOURS = 838
};
#define TEXT_LIMIT 0x3fffffffu /* PostgreSQL's limit of one value */
#define NULL_FIELD 0xffffffffu
#define MICROSECONDS_PER_DAY 86400000000LL

struct field {
    uint8_t kind, is_emitted;
    uint16_t unused;
    int32_t parameter;
};
_Static_assert(sizeof(struct field) == 8, "layout.py packs 8 bytes per field");

struct layout {
    const struct field *fields;
    const uint8_t *suffix;
    uint64_t suffix_size;
    uint64_t overhead; /* a tuple needs at most this much more than its row */
    uint32_t column_count; /* on the wire */
    uint32_t field_count; /* in the tuple */
};

struct rows {
    const uint8_t *buffer;
    uint64_t size;
    const uint64_t *starts, *lengths;
    uint64_t first, count;
    const uint8_t *emit; /* a flag per row, or NULL for all */
};

struct progress {
    uint64_t row; /* the next row, or the one that does not fit */
    uint64_t size; /* bytes written */
    uint64_t needed; /* bytes of room that stopped it, or 0 */
    int32_t column; /* of the unfit cell; -1 is the row as a whole */
    int32_t unfit;
};

static inline int is_inside(const struct rows *rows, uint64_t row)
{
    return rows->starts[row] <= rows->size && rows->lengths[row] <= rows->size - rows->starts[row];
}

static inline uint32_t load16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static inline uint32_t load24(const uint8_t *p) { return load16(p) | (uint32_t)p[2] << 16; }
static inline uint32_t load32(const uint8_t *p) { return load16(p) | load16(p + 2) << 16; }
static inline uint64_t load64(const uint8_t *p)
{
    return (uint64_t)load32(p) | (uint64_t)load32(p + 4) << 32;
}

static inline uint8_t *put16(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return out + 2;
}

static inline uint8_t *put32(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
    return out + 4;
}

static inline uint8_t *put64(uint8_t *out, uint64_t v)
{
    return put32(put32(out, (uint32_t)(v >> 32)), (uint32_t)v);
}

/* ---- numbers ---- */

/* Write a numeric of base-10000 groups, the first of them worth 10000^weight. */
static uint8_t *put_numeric(uint8_t *out, const uint16_t *groups, int count, int weight,
                            int is_negative, int scale)
{
    while (count && !groups[0]) {
        groups++;
        count--;
        weight--;
    }
    while (count && !groups[count - 1])
        count--;
    out = put32(out, 8 + 2 * (uint32_t)count);
    out = put16(out, (uint32_t)count);
    out = put16(out, count ? (uint32_t)weight : 0);
    out = put16(out, count && is_negative ? NUMERIC_NEGATIVE : 0);
    out = put16(out, (uint32_t)scale);
    for (int i = 0; i < count; i++)
        out = put16(out, groups[i]);
    return out;
}

static uint8_t *put_whole_numeric(uint8_t *out, uint64_t magnitude, int is_negative)
{
    uint16_t groups[5];
    for (int i = 4; i >= 0; i--) {
        groups[i] = (uint16_t)(magnitude % 10000);
        magnitude /= 10000;
    }
    return put_numeric(out, groups, 5, 4, is_negative, 0);
}

/* Write an integer of `width` bytes, or a numeric for width 0. */
static inline int put_integer(uint8_t **out, int64_t v, int width, int is_kept)
{
    if ((width == 2 && v != (int16_t)v) || (width == 4 && v != (int32_t)v))
        return DOES_NOT_FIT;
    if (!is_kept)
        return FIT;
    if (width == 8)
        *out = put64(put32(*out, 8), (uint64_t)v);
    else if (width == 2)
        *out = put16(put32(*out, 2), (uint32_t)v);
    else if (width == 4)
        *out = put32(put32(*out, 4), (uint32_t)v);
    else
        *out = put_whole_numeric(*out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
    return FIT;
}

static int put_decimal(uint8_t **out, const uint8_t *text, uint64_t size, int scale, int is_kept)
{
    uint16_t groups[GROUP_LIMIT];
    int count = 0, group = 0, is_negative = size && text[0] == '-';
    text += is_negative;
    size -= (uint64_t)is_negative;
    if (size == 0 || size > DECIMAL_LIMIT)
        return NO_NUMBER;
    const uint8_t *point = memchr(text, '.', size);
    int whole = point ? (int)(point - text) : (int)size;
    int fraction = point ? (int)size - whole - 1 : 0;
    if (whole + fraction == 0)
        return NO_NUMBER;
    for (int i = 0; i < whole + fraction; i++) {
        unsigned digit = (unsigned)text[i < whole ? i : i + 1] - '0';
        if (digit > 9)
            return NO_NUMBER;
        group = group * 10 + (int)digit;
        /* Groups of four digits are counted from the point, both ways. */
        if ((i - whole) % 4 == -1 || (i - whole) % 4 == 3) {
            groups[count++] = (uint16_t)group;
            group = 0;
        }
    }
    if (fraction % 4) {
        for (int i = fraction % 4; i < 4; i++)
            group *= 10;
        groups[count++] = (uint16_t)group;
    }
    if (fraction > scale)
        return DOES_NOT_FIT;
    if (is_kept)
        *out = put_numeric(*out, groups, count, (whole + 3) / 4 - 1, is_negative, fraction);
    return FIT;
}

static int put_bits(uint8_t **out, const uint8_t *bytes, uint64_t size, int width, int is_kept)
{
    uint64_t v = 0;
    if (size == 0 || size > 8)
        return NO_NUMBER;
    for (uint64_t i = 0; i < size; i++)
        v = v << 8 | bytes[i];
    if (width < 64 && v >> width)
        return DOES_NOT_FIT;
    if (!is_kept)
        return FIT;
    int byte_count = (width + 7) / 8;
    v <<= byte_count * 8 - width;
    *out = put32(put32(*out, 4 + (uint32_t)byte_count), (uint32_t)width);
    for (int i = byte_count - 1; i >= 0; i--)
        *(*out)++ = (uint8_t)(v >> (8 * i));
    return FIT;
}

/* ---- dates and times ---- */

static int days_of_month(int year, int month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 ? 28 + is_leap : days[month - 1];
}

/* Days from 2000-01-01, where PostgreSQL begins to count; for the years 1 to 9999. */
static int64_t day_number(int year, int month, int day)
{
    /* The year is taken to begin in March, so that the leap day is its last. */
    int y = month > 2 ? year : year - 1;
    int m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 730425;
}

static int put_moment(uint8_t **out, const uint8_t *p, unsigned size, int is_date, int is_kept,
                      uint64_t *counts)
{
    if (size != 0 && size != 4 && size != 7 && size != 11)
        return NO_TIME;
    int year = size ? (int)load16(p) : 0, month = size ? p[2] : 0, day = size ? p[3] : 0;
    int64_t time = 0;
    if (size >= 7) {
        uint32_t fraction = size == 11 ? load32(p + 7) : 0;
        if (p[4] > 23 || p[5] > 59 || p[6] > 59 || fraction > 999999)
            return NO_TIME;
        time = ((p[4] * 60LL + p[5]) * 60 + p[6]) * 1000000 + fraction;
    }
    if (year > 9999)
        return NO_TIME;
    if (is_date && time)
        return DOES_NOT_FIT;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) {
        counts[year || month || day ? IMPOSSIBLE_DATE : ZERO_DATE]++;
        if (is_kept)
            *out = put32(*out, NULL_FIELD);
        return FIT;
    }
    if (!is_kept)
        return FIT;
    int64_t days = day_number(year, month, day);
    if (is_date)
        *out = put32(put32(*out, 4), (uint32_t)days);
    else
        *out = put64(put32(*out, 8), (uint64_t)(days * MICROSECONDS_PER_DAY + time));
    return FIT;
}

static int put_time(uint8_t **out, const uint8_t *p, unsigned size, int is_kept)
{
    int64_t v = 0;
    if (size != 0 && size != 8 && size != 12)
        return NO_TIME;
    if (size) {
        uint64_t hours = load32(p + 1) * 24ULL + p[5];
        uint32_t fraction = size == 12 ? load32(p + 8) : 0;
        if (p[0] > 1 || p[5] > 23 || hours > TIME_HOURS || p[6] > 59 || p[7] > 59 ||
            fraction > 999999)
            return NO_TIME;
        v = (((int64_t)hours * 60 + p[6]) * 60 + p[7]) * 1000000 + fraction;
        if (p[0])
            v = -v;
    }
    if (is_kept) /* microseconds, then no days and no months */
        *out = put64(put64(put32(*out, 16), (uint64_t)v), 0);
    return FIT;
}

/* ---- strings ---- */

/* Take a length-encoded string; NULL when it leads out of the row. */
static inline const uint8_t *take_string(const uint8_t **at, const uint8_t *end, uint64_t *size)
{
    const uint8_t *p = *at;
    if (p == end)
        return NULL;
    uint64_t left = (uint64_t)(end - p) - 1, n = *p++;
    if (n >= 0xfb) {
        unsigned width = n == 0xfc ? 2 : n == 0xfd ? 3 : n == 0xfe ? 8 : 0;
        if (width == 0 || left < width)
            return NULL;
        n = width == 2 ? load16(p) : width == 3 ? load24(p) : load64(p);
        p += width;
        left -= width;
    }
    if (n > left)
        return NULL;
    *size = n;
    *at = p + n;
    return p;
}

static inline int put_string(uint8_t **out, const uint8_t *text, uint64_t size, int is_kept,
                             uint64_t *nul_count)
{
    if (size > TEXT_LIMIT)
        return DOES_NOT_FIT;
    int has_nul = nul_count && memchr(text, 0, size);
    if (has_nul)
        ++*nul_count;
    if (!is_kept)
        return FIT;
    uint8_t *at = *out + 4;
    if (has_nul) {
        for (uint64_t i = 0; i < size; i++)
            if (text[i])
                *at++ = text[i];
    } else {
        memcpy(at, text, size);
        at += size;
    }
    put32(*out, (uint32_t)(at - *out - 4));
    *out = at;
    return FIT;
}

/* ---- rows ---- */

/* Take a value of `width` bytes as `taken`, or leave the row as out of bounds. */
#define TAKE(width)                            \
    if ((uint64_t)(end - at) < (width))        \
        return OUT_OF_ROW;                     \
    taken = at;                                \
    at += (width)

static int put_row(const struct layout *layout, const uint8_t *at, const uint8_t *end, int is_kept,
                   uint8_t **out, uint64_t *counts, int32_t *column)
{
    const uint8_t *nulls = at + 1, *taken;
    const uint64_t header = 1 + (layout->column_count + 9) / 8;
    uint8_t *to = *out;
    uint64_t size;
    if ((uint64_t)(end - at) < header || *at != 0)
        return NO_ROW;
    at += header;
    if (is_kept)
        to = put16(to, layout->field_count);
    for (uint32_t i = 0; i < layout->column_count; i++, counts += RULE_COUNT) {
        const struct field *field = layout->fields + i;
        int kept = is_kept && field->is_emitted, unfit = FIT, parameter = field->parameter;
        *column = (int32_t)i;
        if (nulls[(i + 2) / 8] >> ((i + 2) % 8) & 1) {
            if (kept)
                to = put32(to, NULL_FIELD);
            continue;
        }
        switch (field->kind) {
        case INT8: TAKE(1); unfit = put_integer(&to, (int8_t)*taken, parameter, kept); break;
        case UINT8: TAKE(1); unfit = put_integer(&to, *taken, parameter, kept); break;
        case INT16: TAKE(2); unfit = put_integer(&to, (int16_t)load16(taken), parameter, kept); break;
        case UINT16: TAKE(2); unfit = put_integer(&to, load16(taken), parameter, kept); break;
        case INT32: TAKE(4); unfit = put_integer(&to, (int32_t)load32(taken), parameter, kept); break;
        case UINT32: TAKE(4); unfit = put_integer(&to, load32(taken), parameter, kept); break;
        case INT64: TAKE(8); unfit = put_integer(&to, (int64_t)load64(taken), parameter, kept); break;
        case UINT64:
            TAKE(8);
            if (parameter)
                unfit = load64(taken) > INT64_MAX
                            ? DOES_NOT_FIT
                            : put_integer(&to, (int64_t)load64(taken), parameter, kept);
            else if (kept)
                to = put_whole_numeric(to, load64(taken), 0);
            break;
        case FLOAT:
            TAKE(4);
            if (kept)
                to = put32(put32(to, 4), load32(taken));
            break;
        case DOUBLE:
            TAKE(8);
            if (kept)
                to = put64(put32(to, 8), load64(taken));
            break;
        case DATE: case DATETIME: case TIME:
            TAKE(1);
            size = *taken;
            TAKE(size);
            unfit = field->kind == TIME
                        ? put_time(&to, taken, (unsigned)size, kept)
                        : put_moment(&to, taken, (unsigned)size, field->kind == DATE, kept, counts);
            break;
        default:
            taken = take_string(&at, end, &size);
            if (!taken)
                return OUT_OF_ROW;
            if (field->kind == TEXT)
                unfit = put_string(&to, taken, size, kept, counts + NUL_CHARACTER);
            else if (field->kind == BYTES)
                unfit = put_string(&to, taken, size, kept, NULL);
            else if (field->kind == DECIMAL)
                unfit = put_decimal(&to, taken, size, parameter, kept);
            else
                unfit = put_bits(&to, taken, size, parameter, kept);
        }
        if (unfit)
            return unfit;
    }
    *column = -1;
    if (at != end)
        return LEFT_OVER;
    if (is_kept) {
        memcpy(to, layout->suffix, layout->suffix_size);
        *out = to + layout->suffix_size;
    }
    return FIT;
}

/* Write tuples from rows->first on until the rows or the room in `out` end; `counts` holds
 * RULE_COUNT numbers per column, which are added to. */
void dental_transcode(const struct rows *rows, const struct layout *layout, uint8_t *out,
                      uint64_t out_size, uint64_t *counts, struct progress *progress)
{
    uint8_t *to = out;
    memset(progress, 0, sizeof *progress);
    progress->column = -1;
    for (progress->row = rows->first; progress->row < rows->count; progress->row++) {
        const uint64_t row = progress->row, start = rows->starts[row], length = rows->lengths[row];
        const int is_kept = !rows->emit || rows->emit[row];
        const uint64_t room = out_size - (uint64_t)(to - out);
        if (!is_inside(rows, row)) {
            progress->unfit = NO_ROW;
            break;
        }
        if (is_kept && (room < length || room - length < layout->overhead)) {
            progress->needed = length + layout->overhead;
            break;
        }
        const uint8_t *payload = rows->buffer + start;
        progress->unfit = put_row(layout, payload, payload + length, is_kept, &to, counts,
                                  &progress->column);
        if (progress->unfit)
            break;
    }
    progress->size = (uint64_t)(to - out);
}

/* Walk packets and note the rows that are complete; see Core.scan. */
int dental_scan(uint8_t *buffer, uint64_t *position, uint64_t *filled, uint64_t *starts,
                uint64_t *lengths, uint64_t capacity, uint64_t *count)
{
    for (;;) {
        uint8_t *start = buffer + *position, *limit = buffer + *filled, *at = start;
        uint64_t length = 0;
        uint32_t part;
        do {
            if (limit - at < HEADER)
                return MORE;
            part = load24(at);
            if (limit - at - HEADER < (int64_t)part)
                return MORE;
            at += HEADER + part;
            length += part;
        } while (part == LONGEST_PART);
        if (length > 0 && length < 9 && start[HEADER] == 0xfe)
            return END;
        if (length > 0 && start[HEADER] == 0xff)
            return ERROR;
        if (*count == capacity)
            return FULL;
        if (length >= LONGEST_PART) {
            /* Close the gaps that the headers of the later parts leave in the row. */
            uint8_t *to = start + HEADER + LONGEST_PART, *from = to;
            while (from < at) {
                part = load24(from);
                memmove(to, from + HEADER, part);
                to += part;
                from += HEADER + part;
            }
            memmove(to, at, (uint64_t)(limit - at));
            *filled -= (uint64_t)(at - to);
        }
        starts[*count] = *position + HEADER;
        lengths[(*count)++] = length;
        *position += HEADER + length;
    }
}

/* ---- hashes ---- */

/* Return how many rows were hashed: fewer than there are when one lies outside of the buffer. */
int64_t dental_hash_rows(const struct rows *rows, uint64_t seed, uint64_t *out)
{
    uint64_t i;
    for (i = 0; i < rows->count && is_inside(rows, i); i++)
        out[i] = XXH3_64bits_withSeed(rows->buffer + rows->starts[i], rows->lengths[i], seed);
    return (int64_t)i;
}

int64_t dental_fold_rows(const struct rows *rows, uint64_t seed, uint64_t *sums)
{
    uint64_t i;
    for (i = 0; i < rows->count && is_inside(rows, i); i++) {
        XXH128_hash_t hash =
            XXH3_128bits_withSeed(rows->buffer + rows->starts[i], rows->lengths[i], seed);
        sums[0] += hash.low64;
        sums[1] += hash.high64;
    }
    return (int64_t)i;
}

struct slot {
    uint64_t hash;
    uint32_t old, new;
};

static struct slot *find_slot(struct slot *slots, uint64_t mask, uint64_t hash)
{
    uint64_t i = hash & mask;
    while ((slots[i].old || slots[i].new) && slots[i].hash != hash)
        i = (i + 1) & mask;
    slots[i].hash = hash;
    return slots + i;
}

/* Flag the new hashes without a partner; return how many old ones have none, -1 without memory. */
int64_t dental_match_rows(const uint8_t *old, uint64_t old_count, const uint64_t *new,
                          uint64_t new_count, uint8_t *flags)
{
    uint64_t size = 16, lonely = 0;
    while (size < 2 * (old_count + new_count))
        size *= 2;
    struct slot *slots = calloc(size, sizeof *slots);
    if (!slots)
        return -1;
    for (uint64_t i = 0; i < old_count; i++)
        find_slot(slots, size - 1, load64(old + 8 * i))->old++;
    for (uint64_t i = 0; i < new_count; i++)
        find_slot(slots, size - 1, new[i])->new++;
    for (uint64_t i = 0; i < new_count; i++) {
        const struct slot *slot = find_slot(slots, size - 1, new[i]);
        flags[i] = slot->old != slot->new;
    }
    for (uint64_t i = 0; i < size; i++)
        if (slots[i].old != slots[i].new)
            lonely += slots[i].old;
    free(slots);
    return (int64_t)lonely;
}
