/* From rows of the MySQL binary protocol to tuples of PostgreSQL's binary COPY, and row hashes.
 *
 * Nothing here keeps state between calls. A packet is not trusted: every read is checked against
 * the end of its row, and a row that is no row of the expected columns is reported, not guessed at.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fields.h"

/* The numbers of Kind in layout.py and of ScanStatus in rows.py. */
enum kind {
    INT8 = 1, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64,
    FLOAT, DOUBLE, DECIMAL, BITS, DATE, DATETIME, TIME, TEXT, BYTES
};
enum scan_status { MORE, END, ERROR, FULL, DISORDER };
enum { HEADER = 4, LONGEST_PART = 0xffffff };

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
    uint32_t walked_count; /* of these columns; the rest of a row is not looked at */
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

/* Take a value of `width` bytes at `p`, or report that it leads out of the row. */
#define TAKE(width)                     \
    p = *at;                            \
    if ((uint64_t)(end - p) < (width))  \
        return OUT_OF_ROW;              \
    *at = p + (width)
#define INTEGER(width, value)                                   \
    TAKE(width);                                                \
    *to = put_integer(*to, (value), field->parameter, &unfit);  \
    return unfit

/* Write the value at *at as a field at *to; both move behind it. */
static inline int put_field(const struct field *field, const uint8_t **at, const uint8_t *end,
                            uint8_t **to, uint64_t *counts)
{
    const uint8_t *p;
    uint64_t size;
    int unfit = FIT;
    switch (field->kind) {
    case INT8: INTEGER(1, (int8_t)*p);
    case UINT8: INTEGER(1, *p);
    case INT16: INTEGER(2, (int16_t)load16(p));
    case UINT16: INTEGER(2, load16(p));
    case INT32: INTEGER(4, (int32_t)load32(p));
    case UINT32: INTEGER(4, load32(p));
    case INT64: INTEGER(8, (int64_t)load64(p));
    case UINT64:
        TAKE(8);
        *to = put_unsigned(*to, load64(p), field->parameter, &unfit);
        return unfit;
    case FLOAT:
        TAKE(4);
        *to = put32(put32(*to, 4), load32(p));
        return FIT;
    case DOUBLE:
        TAKE(8);
        *to = put64(put32(*to, 8), load64(p));
        return FIT;
    case DATE: case DATETIME: case TIME:
        TAKE(1);
        size = *p;
        TAKE(size);
        *to = field->kind == TIME
                  ? put_time(*to, p, size, &unfit)
                  : put_moment(*to, p, size, field->kind == DATE, counts, &unfit);
        return unfit;
    }
    p = take_string(at, end, &size);
    if (!p)
        return OUT_OF_ROW;
    if (field->kind == DECIMAL)
        *to = put_decimal(*to, p, size, field->parameter, &unfit);
    else if (field->kind == BITS)
        *to = put_bits(*to, p, size, field->parameter, &unfit);
    else if (size > TEXT_LIMIT)
        unfit = DOES_NOT_FIT;
    else
        *to = put_string(*to, p, size, field->kind == TEXT ? counts : NULL);
    return unfit;
}

/* Walk over a value that is not written. It is looked at only for what a rule would change. */
static inline int skip_field(const struct field *field, const uint8_t **at, const uint8_t *end,
                             uint64_t *counts)
{
    static const uint8_t widths[] = {
        [INT8] = 1, [UINT8] = 1, [INT16] = 2, [UINT16] = 2, [INT32] = 4, [UINT32] = 4,
        [INT64] = 8, [UINT64] = 8, [FLOAT] = 4, [DOUBLE] = 8, [BYTES] = 0};
    const uint8_t *p;
    uint64_t size = widths[field->kind];
    if (size) {
        TAKE(size);
    } else if (field->kind == DATE || field->kind == DATETIME || field->kind == TIME) {
        TAKE(1);
        size = *p;
        TAKE(size);
        if (field->kind == TIME)
            return FIT;
        if (!is_moment_size(size))
            return NO_TIME;
        enum rule rule = size ? date_rule((int)load16(p), p[2], p[3]) : ZERO_DATE;
        if (rule != RULE_COUNT)
            counts[rule]++;
    } else {
        p = take_string(at, end, &size);
        if (!p)
            return OUT_OF_ROW;
        if (field->kind == TEXT)
            look_at_text(p, size, counts);
    }
    return FIT;
}

/* Walk a row and write its tuple at *tuple, which moves behind it; return what does not fit. */
static int put_row(const struct layout *layout, const uint8_t *at, const uint8_t *end, int is_kept,
                   uint8_t **tuple, uint64_t *counts, int32_t *column)
{
    uint8_t *kept = *tuple;
    const uint8_t *nulls = at + 1;
    const uint64_t header = 1 + (layout->column_count + 9) / 8;
    if ((uint64_t)(end - at) < header || *at != 0)
        return NO_ROW;
    at += header;
    if (is_kept)
        kept = put16(kept, layout->field_count);
    for (uint32_t i = 0; i < layout->walked_count; i++, counts += RULE_COUNT) {
        const struct field *field = layout->fields + i;
        const int is_null = nulls[(i + 2) / 8] >> ((i + 2) % 8) & 1;
        int unfit = FIT;
        if (!is_kept || !field->is_emitted)
            unfit = is_null ? FIT : skip_field(field, &at, end, counts);
        else if (is_null)
            kept = put32(kept, NULL_FIELD);
        else
            unfit = put_field(field, &at, end, &kept, counts);
        if (unfit) {
            *column = (int32_t)i;
            return unfit;
        }
    }
    if (at != end && layout->walked_count == layout->column_count)
        return LEFT_OVER;
    if (is_kept) {
        memcpy(kept, layout->suffix, layout->suffix_size);
        *tuple = kept + layout->suffix_size;
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
                uint64_t *lengths, uint64_t capacity, uint64_t *count, uint8_t *number)
{
    for (;;) {
        uint8_t *start = buffer + *position, *limit = buffer + *filled, *at = start;
        uint64_t length = 0;
        uint32_t part;
        uint8_t next = *number;
        int is_disordered = 0;
        do {
            if (limit - at < HEADER)
                return MORE;
            part = load24(at);
            is_disordered |= at[3] != next++;
            if (limit - at - HEADER < (int64_t)part)
                return MORE;
            at += HEADER + part;
            length += part;
        } while (part == LONGEST_PART);
        /* A server that shuts down numbers its error packet anew. */
        if (length > 0 && start[HEADER] == 0xff)
            return ERROR;
        if (is_disordered)
            return DISORDER;
        if (length > 0 && length < 9 && start[HEADER] == 0xfe)
            return END;
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
        *number = next;
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
