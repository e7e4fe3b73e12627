/* Row indexes: the keys and hashes of a page's rows, packed, and what differs between two of them.
 *
 * A packed index is the number of its rows (4 bytes, little-endian), the distance of each key from
 * the one before it (7 bits a byte, the lowest first, the top bit set on all but the last), and the
 * rows' hashes (8 bytes each, little-endian). Keys are signed and ascend; 2^63 is added to them, so
 * that they ascend as unsigned numbers too. row_index.py makes the same bytes.
 */
#include <stdint.h>
#include <string.h>

enum { COUNT_BYTES = 4, HASH_BYTES = 8, FIELD_START = 6 };
#define SIGN (UINT64_C(1) << 63)

/* The key in a COPY tuple of one integer: field count, length, then the value, big-endian. */
static uint64_t tuple_key(const uint8_t *tuples, uint32_t width, uint64_t row)
{
    const uint8_t *p = tuples + row * (FIELD_START + width) + FIELD_START;
    uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < width; i++)
        value = value << 8 | p[i];
    return value + SIGN;
}

/* Return the size of the packed index, or -1 when the keys do not ascend. */
int64_t dental_index_pack(const uint8_t *tuples, uint32_t width, const uint64_t *hashes,
                          uint64_t count, uint8_t *out)
{
    uint8_t *to = out;
    uint64_t last = 0;
    for (int i = 0; i < COUNT_BYTES; i++)
        *to++ = (uint8_t)(count >> (8 * i));
    for (uint64_t row = 0; row < count; row++) {
        const uint64_t key = tuple_key(tuples, width, row);
        uint64_t distance = key - last;
        if (row && key <= last)
            return -1;
        for (; distance >= 0x80; distance >>= 7)
            *to++ = (uint8_t)(distance | 0x80);
        *to++ = (uint8_t)distance;
        last = key;
    }
    for (uint64_t row = 0; row < count; row++)
        for (int i = 0; i < HASH_BYTES; i++)
            *to++ = (uint8_t)(hashes[row] >> (8 * i));
    return to - out;
}

/* Read the keys and hashes of `count` rows; return 0, or -1 when the bytes are no such index. */
int dental_index_unpack(const uint8_t *packed, uint64_t size, uint64_t count, uint64_t *keys,
                        uint64_t *hashes)
{
    const uint8_t *at = packed + COUNT_BYTES, *end = packed + size;
    uint64_t last = 0;
    for (uint64_t row = 0; row < count; row++) {
        uint64_t distance = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (at == end || shift > 63)
                return -1;
            distance |= (uint64_t)(*at & 0x7f) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        keys[row] = last += distance;
    }
    if ((uint64_t)(end - at) != count * HASH_BYTES)
        return -1;
    for (uint64_t row = 0; row < count; row++) {
        hashes[row] = 0;
        for (int i = 0; i < HASH_BYTES; i++)
            hashes[row] |= (uint64_t)*at++ << (8 * i);
    }
    return 0;
}

struct old_rows {
    const uint64_t *keys, *hashes;
    uint64_t count;
    uint64_t first, last; /* the keys that count, both included */
};

/* Flag the rows that are new or different; write the keys that are gone to `vanished`.
 * found: how many rows are different, new, and gone. */
void dental_index_compare(const struct old_rows *old, const uint8_t *tuples, uint32_t width,
                          const uint64_t *hashes, uint64_t count, uint8_t *flags,
                          uint64_t *vanished, uint64_t *found)
{
    uint64_t at = 0;
    memset(found, 0, 3 * sizeof *found);
    while (at < old->count && old->keys[at] < old->first)
        at++;
    for (uint64_t row = 0; row < count; row++) {
        const uint64_t key = tuple_key(tuples, width, row);
        while (at < old->count && old->keys[at] < key)
            vanished[found[2]++] = old->keys[at++];
        if (at < old->count && old->keys[at] == key) {
            flags[row] = old->hashes[at++] != hashes[row];
            found[0] += flags[row];
        } else {
            flags[row] = 1;
            found[1]++;
        }
    }
    for (; at < old->count && old->keys[at] <= old->last; at++)
        vanished[found[2]++] = old->keys[at];
}
