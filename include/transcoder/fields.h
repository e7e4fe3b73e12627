/* Fields of PostgreSQL's binary COPY, made of wire values: int32 length, then the value.
 *
 * encoding.py states the same rules in plain Python, and a test holds the two together. Each
 * function writes at `to` and returns the place behind; what it wrote is void when it sets *unfit.
 */
#ifndef DENTAL_FIELDS_H
#define DENTAL_FIELDS_H
#include <stdint.h>
#include <string.h>

/* The numbers of Unfit and RULES in rows.py. */
enum unfit { FIT, NO_ROW, OUT_OF_ROW, LEFT_OVER, NO_TIME, NO_NUMBER, DOES_NOT_FIT };
enum rule { ZERO_DATE, IMPOSSIBLE_DATE, NUL_CHARACTER, INVALID_TEXT, RULE_COUNT };

enum {
    DECIMAL_LIMIT = 80, /* characters; 65 digits, a sign and a point are the most there can be */
    GROUP_LIMIT = DECIMAL_LIMIT / 4 + 2,
    NUMERIC_NEGATIVE = 0x4000,
    TIME_HOURS = 838,
    SHORT = 16 /* bytes of a string */
};
#define TEXT_LIMIT 0x3fffffffu /* PostgreSQL's limit of one value */
#define NULL_FIELD 0xffffffffu
#define MICROSECONDS_PER_DAY 86400000000LL

/* The wire is little-endian, COPY is big-endian; compilers make single instructions of these. */
static inline uint32_t load16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static inline uint32_t load24(const uint8_t *p) { return load16(p) | (uint32_t)p[2] << 16; }
static inline uint32_t load32(const uint8_t *p) { return load24(p) | (uint32_t)p[3] << 24; }
static inline uint64_t load64(const uint8_t *p) { return load32(p) | (uint64_t)load32(p + 4) << 32; }

static inline uint8_t *put16(uint8_t *to, uint32_t v)
{
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
    return to + 2;
}

static inline uint8_t *put32(uint8_t *to, uint32_t v)
{
    return put16(put16(to, v >> 16), v);
}

static inline uint8_t *put64(uint8_t *to, uint64_t v)
{
    return put32(put32(to, (uint32_t)(v >> 32)), (uint32_t)v);
}

/* Write a numeric of base-10000 groups, the first of them worth 10000^weight. */
static uint8_t *put_numeric(uint8_t *to, const uint16_t *groups, int count, int weight, int sign,
                            int scale)
{
    for (; count && !groups[0]; count--, weight--)
        groups++;
    while (count && !groups[count - 1])
        count--;
    to = put32(to, 8 + 2 * (uint32_t)count);
    to = put16(to, (uint32_t)count);
    to = put16(to, count ? (uint32_t)weight : 0);
    to = put16(to, count ? (uint32_t)sign : 0);
    to = put16(to, (uint32_t)scale);
    for (int i = 0; i < count; i++)
        to = put16(to, groups[i]);
    return to;
}

static uint8_t *put_whole_numeric(uint8_t *to, uint64_t magnitude, int sign)
{
    uint16_t groups[5];
    for (int i = 4; i >= 0; i--, magnitude /= 10000)
        groups[i] = (uint16_t)(magnitude % 10000);
    return put_numeric(to, groups, 5, 4, sign, 0);
}

/* Write an integer of `width` bytes, or a numeric for width 0. */
static inline uint8_t *put_integer(uint8_t *to, int64_t v, int width, int *unfit)
{
    if (width == 8)
        return put64(put32(to, 8), (uint64_t)v);
    if (width == 2) {
        if (v != (int16_t)v)
            *unfit = DOES_NOT_FIT;
        return put16(put32(to, 2), (uint32_t)v);
    }
    if (width == 4) {
        if (v != (int32_t)v)
            *unfit = DOES_NOT_FIT;
        return put32(put32(to, 4), (uint32_t)v);
    }
    return put_whole_numeric(to, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0 ? NUMERIC_NEGATIVE : 0);
}

static inline uint8_t *put_unsigned(uint8_t *to, uint64_t v, int width, int *unfit)
{
    if (width == 0)
        return put_whole_numeric(to, v, 0);
    if (v > INT64_MAX)
        *unfit = DOES_NOT_FIT;
    return put_integer(to, (int64_t)v, width, unfit);
}

static uint8_t *put_decimal(uint8_t *to, const uint8_t *text, uint64_t size, int scale, int *unfit)
{
    uint16_t groups[GROUP_LIMIT];
    int count = 0, group = 0, is_negative = size && text[0] == '-';
    text += is_negative;
    size -= (uint64_t)is_negative;
    const uint8_t *point = size <= DECIMAL_LIMIT ? memchr(text, '.', size) : NULL;
    int whole = (int)(point ? point - text : (int64_t)size);
    int fraction = point ? (int)size - whole - 1 : 0;
    *unfit = NO_NUMBER;
    if (size > DECIMAL_LIMIT || whole + fraction == 0)
        return to;
    for (int i = 0; i < whole + fraction; i++) {
        unsigned digit = (unsigned)text[i < whole ? i : i + 1] - '0';
        if (digit > 9)
            return to;
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
    *unfit = fraction > scale ? DOES_NOT_FIT : FIT;
    return put_numeric(to, groups, count, (whole + 3) / 4 - 1, is_negative ? NUMERIC_NEGATIVE : 0,
                       fraction);
}

static uint8_t *put_bits(uint8_t *to, const uint8_t *bytes, uint64_t size, int width, int *unfit)
{
    uint64_t v = 0;
    uint32_t byte_count = (uint32_t)(width + 7) / 8;
    for (uint64_t i = 0; i < size && i < 8; i++)
        v = v << 8 | bytes[i];
    if (size == 0 || size > 8)
        *unfit = NO_NUMBER;
    else if (width < 64 && v >> width)
        *unfit = DOES_NOT_FIT;
    to = put32(put32(to, 4 + byte_count), (uint32_t)width);
    v <<= 64 - width; /* the bits are padded on the right */
    for (uint32_t i = 0; i < byte_count; i++, v <<= 8)
        *to++ = (uint8_t)(v >> 56);
    return to;
}

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
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 730425;
}

/* Return the rule that makes NULL of a date, or RULE_COUNT for one that the calendar has. */
static inline enum rule date_rule(int year, int month, int day)
{
    if (year > 0 && month > 0 && month < 13 && day > 0 &&
        (day < 29 || day <= days_of_month(year, month)))
        return RULE_COUNT;
    return year || month || day ? IMPOSSIBLE_DATE : ZERO_DATE;
}

static inline int is_moment_size(uint64_t size)
{
    return size == 0 || size == 4 || size == 7 || size == 11;
}

static uint8_t *put_moment(uint8_t *to, const uint8_t *p, uint64_t size, int is_date,
                           uint64_t *counts, int *unfit)
{
    int year = 0, month = 0, day = 0;
    int64_t time = 0;
    *unfit = is_moment_size(size) ? FIT : NO_TIME;
    if (*unfit)
        return to;
    if (size) {
        year = (int)load16(p);
        month = p[2];
        day = p[3];
    }
    if (size >= 7) {
        uint32_t fraction = size == 11 ? load32(p + 7) : 0;
        if (p[4] > 23 || p[5] > 59 || p[6] > 59 || fraction > 999999)
            *unfit = NO_TIME;
        time = ((p[4] * 60LL + p[5]) * 60 + p[6]) * 1000000 + fraction;
    }
    if (year > 9999)
        *unfit = NO_TIME;
    if (!*unfit && is_date && time)
        *unfit = DOES_NOT_FIT;
    if (*unfit)
        return to;
    enum rule rule = date_rule(year, month, day);
    if (rule != RULE_COUNT) {
        counts[rule]++;
        return put32(to, NULL_FIELD);
    }
    int64_t days = day_number(year, month, day);
    if (is_date)
        return put32(put32(to, 4), (uint32_t)days);
    return put64(put32(to, 8), (uint64_t)(days * MICROSECONDS_PER_DAY + time));
}

/* Write an interval of microseconds, with no days and no months in it. */
static uint8_t *put_time(uint8_t *to, const uint8_t *p, uint64_t size, int *unfit)
{
    int64_t v = 0;
    *unfit = size == 0 || size == 8 || size == 12 ? FIT : NO_TIME;
    if (size && !*unfit) {
        uint64_t hours = load32(p + 1) * 24ULL + p[5];
        uint32_t fraction = size == 12 ? load32(p + 8) : 0;
        if (p[0] > 1 || p[5] > 23 || hours > TIME_HOURS || p[6] > 59 || p[7] > 59 ||
            fraction > 999999) {
            *unfit = NO_TIME;
            return to;
        }
        v = (((int64_t)hours * 60 + p[6]) * 60 + p[7]) * 1000000 + fraction;
        if (p[0])
            v = -v;
    }
    return put64(put64(put32(to, 16), (uint64_t)v), 0);
}

static inline int has_zero_byte(uint64_t v)
{
    return ((v - 0x0101010101010101ULL) & ~v & 0x8080808080808080ULL) != 0;
}

/* What a string holds: a zero byte, and bytes that are no ASCII. */
enum { NUL_BYTES = 1, HIGH_BYTES = 2 };
#define HIGH_BITS 0x8080808080808080u

static inline int held_by(uint64_t word)
{
    return (has_zero_byte(word) ? NUL_BYTES : 0) | (word & HIGH_BITS ? HIGH_BYTES : 0);
}

static inline int held_by_long(const uint8_t *text, uint64_t size)
{
    uint64_t bits = 0, word;
    for (uint64_t i = 0; i + 8 <= size; i += 8) {
        memcpy(&word, text + i, 8);
        bits |= word;
    }
    memcpy(&word, text + size - 8, 8); /* it may overlap the last */
    bits |= word;
    return (memchr(text, 0, size) ? NUL_BYTES : 0) | (bits & HIGH_BITS ? HIGH_BYTES : 0);
}

/* Copy a string; return what it holds. Most strings are short, and calling memcpy for them costs
 * more than copying. */
static inline int copy_string(uint8_t *to, const uint8_t *text, uint64_t size)
{
    int held = 0;
    if (size > SHORT) {
        memcpy(to, text, size);
        return held_by_long(text, size);
    }
    if (size >= 8) {
        uint64_t head, tail; /* they may overlap */
        memcpy(&head, text, 8);
        memcpy(&tail, text + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
        return held_by(head) | held_by(tail);
    }
    for (uint64_t i = 0; i < size; i++) {
        to[i] = text[i];
        held |= (text[i] ? 0 : NUL_BYTES) | (text[i] & 0x80 ? HIGH_BYTES : 0);
    }
    return held;
}

/* Return the length of the UTF-8 character at the beginning of a text; 0 if it is none. */
static inline unsigned character_size(const uint8_t *text, uint64_t size)
{
    const uint8_t lead = text[0];
    if (lead < 0x80)
        return 1;
    const unsigned length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size < length)
        return 0;
    /* Neither a longer form than needed, nor a surrogate, nor behind the last character. */
    const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high)
        return 0;
    for (unsigned i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static inline int is_utf8(const uint8_t *text, uint64_t size)
{
    for (uint64_t i = 0; i < size;) {
        const unsigned length = character_size(text + i, size - i);
        if (!length)
            return 0;
        i += length;
    }
    return 1;
}

/* Count what a rule would change in a text that holds this; return whether it is anything. */
static inline int count_rules(const uint8_t *text, uint64_t size, int held, uint64_t *counts)
{
    const int has_nul = held & NUL_BYTES, is_invalid = held & HIGH_BYTES && !is_utf8(text, size);
    counts[NUL_CHARACTER] += (uint64_t)has_nul;
    counts[INVALID_TEXT] += (uint64_t)is_invalid;
    return has_nul || is_invalid;
}

/* Look at a text that is not written. */
static inline void look_at_text(const uint8_t *text, uint64_t size, uint64_t *counts)
{
    uint8_t copy[SHORT];
    const int held = size > SHORT ? held_by_long(text, size) : copy_string(copy, text, size);
    if (held)
        count_rules(text, size, held, counts);
}

/* Write a string. Of a text, which has counts, U+0000 is left out, and a question mark replaces
 * each byte that is no part of a character. */
static inline uint8_t *put_string(uint8_t *to, const uint8_t *text, uint64_t size,
                                  uint64_t *counts)
{
    uint8_t *at = to + 4;
    const int held = copy_string(at, text, size);
    if (!held || !counts || !count_rules(text, size, held, counts)) {
        put32(to, (uint32_t)size);
        return at + size;
    }
    for (uint64_t i = 0; i < size;) {
        const unsigned length = character_size(text + i, size - i);
        if (text[i])
            *at++ = length ? text[i] : '?';
        i++;
        for (unsigned rest = 1; rest < length; rest++)
            *at++ = text[i++];
    }
    put32(to, (uint32_t)(at - to - 4));
    return at;
}

#endif
