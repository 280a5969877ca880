/*
 * What computes, in a Guest as on the computer itself: ten integer programs, two
 * for the x87 and two for SSE2. No library, so that one file, compiled once,
 * runs under any Linux for i386. It prints of each program the microseconds of
 * its quickest run, and a checksum, which must be the same everywhere:
 *
 *   @crc 12345 89abcdef
 */
#include <emmintrin.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

enum { EXIT = 1, WRITE = 4, GETTIMEOFDAY = 78, RUNS = 3, BUFFER = 1 << 20 };

static u8 bytes[BUFFER], more[BUFFER];
static u32 words[BUFFER / 4];

static int call(int number, int one, const void *two, int three) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(one), "c"(two), "d"(three) : "memory");
  return result;
}

/* Marsaglia's xorshift, from the same seed in each run. */
static u32 state;
static u32 next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

/* Bytes that repeat now and then, as text does. */
static void write_text(void) {
  state = 2463534242u;
  for (int i = 0; i < BUFFER;) {
    if (i > 4096 && next() % 3) {
      int from = i - 1 - next() % 4000, count = 4 + next() % 12;
      while (count-- && i < BUFFER) bytes[i++] = bytes[from++];
    } else bytes[i++] = "etaoin shrdlu\ncmfwyp"[next() % 20];
  }
}

static u32 crc(void) {
  static u32 table[256];
  for (u32 n = 0; n < 256; n++) {
    u32 value = n;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[n] = value;
  }
  u32 sum = ~0u;
  for (int round = 0; round < 10; round++)
    for (int i = 0; i < BUFFER; i++) sum = table[(sum ^ bytes[i]) & 255] ^ sum >> 8;
  return ~sum;
}

static u32 sieve(void) {
  u32 primes = 0;
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < BUFFER; i++) more[i] = 1;
    for (int i = 2; i < BUFFER; i++) {
      if (!more[i]) continue;
      primes++;
      for (int j = i + i; j < BUFFER; j += i) more[j] = 0;
    }
  }
  return primes;
}

static int __attribute__((noinline)) by_value(const u32 *one, const u32 *other) {
  return *one < *other ? -1 : *one > *other;
}

static void sort_range(u32 *low, u32 *high, int (*compare)(const u32 *, const u32 *)) {
  while (low < high) {
    u32 pivot = low[(high - low) / 2], *left = low, *right = high;
    do {
      while (compare(left, &pivot) < 0) left++;
      while (compare(&pivot, right) < 0) right--;
      if (left > right) break;
      u32 kept = *left;
      *left++ = *right;
      *right-- = kept;
    } while (left <= right);
    sort_range(low, right, compare);
    low = left;
  }
}

static u32 sort(void) {
  const int count = 150000;
  state = 99;
  for (int i = 0; i < count; i++) words[i] = next();
  sort_range(words, words + count - 1, by_value);
  u32 sum = 0;
  for (int i = 0; i < count; i++) sum = sum * 31 + words[i];
  return sum;
}

static u32 matrix(void) {
  enum { SIDE = 160 };
  u32 *a = words, *b = a + SIDE * SIDE, *c = b + SIDE * SIDE;
  for (int i = 0; i < SIDE * SIDE; i++) a[i] = i * 7, b[i] = i ^ 0x55;
  for (int round = 0; round < 6; round++)
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        u32 sum = 0;
        for (int k = 0; k < SIDE; k++) sum += a[i * SIDE + k] * b[k * SIDE + j];
        c[i * SIDE + j] = sum;
      }
  return c[SIDE + 3] ^ c[SIDE * SIDE - 1];
}

static u32 turned(u32 value, int by) { return value >> by | value << (32 - by); }

/* The compression function of SHA-256, its constants made of xorshift. */
static u32 sha(void) {
  u32 k[64], h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[64];
  state = 7;
  for (int i = 0; i < 64; i++) k[i] = next();
  for (int at = 0; at < BUFFER * 2; at += 64) {
    const u32 *block = (const u32 *)(bytes + at % BUFFER);
    for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(block[i]);
    for (int i = 16; i < 64; i++)
      w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3)
        + (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
    u32 v[8];
    for (int i = 0; i < 8; i++) v[i] = h[i];
    for (int i = 0; i < 64; i++) {
      u32 one = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
      u32 two = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      for (int j = 7; j > 0; j--) v[j] = v[j - 1];
      v[4] += one;
      v[0] = one + two;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
  }
  return h[0] ^ h[7];
}

/* Counts words in a table that is asked by hash. */
static u32 count_words(void) {
  enum { SLOTS = 1 << 15 };
  u32 *hashes = words, *counts = words + SLOTS, sum = 0;
  for (int i = 0; i < 2 * SLOTS; i++) words[i] = 0;
  for (int round = 0; round < 5; round++) {
    u32 hash = 5381;
    for (int i = 0; i < BUFFER; i++) {
      if (bytes[i] > ' ') { hash = hash * 33 ^ bytes[i]; continue; }
      u32 slot = hash % SLOTS;
      int tries = 0;
      while (counts[slot] && hashes[slot] != hash && tries++ < 8) slot = (slot + 1) % SLOTS;
      hashes[slot] = hash;
      counts[slot]++;
      hash = 5381;
    }
  }
  for (int i = 0; i < SLOTS; i++) sum = sum * 31 + counts[i];
  return sum;
}

static u32 __attribute__((noinline)) place(u32 columns, u32 left, u32 right, u32 all) {
  u32 found = 0;
  if (columns == all) return 1;
  for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
    u32 bit = free & -free;
    found += place(columns | bit, (left | bit) << 1, (right | bit) >> 1, all);
  }
  return found;
}

static u32 queens(void) { return place(0, 0, 0, (1 << 12) - 1); }

/* Lempel and Ziv: the longest of what three equal bytes promise. */
static u32 pack(void) {
  enum { SLOTS = 1 << 14 };
  u32 *last = words, out = 0, sum = 0;
  for (int i = 0; i < SLOTS; i++) last[i] = 0;
  for (int at = 1; at + 300 < BUFFER;) {
    u32 slot = (bytes[at] * 2654435761u ^ bytes[at + 1] * 40503u ^ bytes[at + 2] * 2246822519u) >> 18;
    u32 from = last[slot], length = 0;
    last[slot] = at;
    if (from) while (length < 258 && bytes[from + length] == bytes[at + length]) length++;
    if (length < 4) { more[out++] = bytes[at++]; continue; }
    more[out++] = length;
    more[out++] = at - from;
    at += length;
  }
  for (u32 i = 0; i < out; i++) sum = sum * 31 + more[i];
  return sum ^ out;
}

/* A machine with a stack, and a program for it: the sum of i * i ^ i. */
static u32 bytecode(void) {
  enum { PUSH, LOAD, STORE, ADD, MULTIPLY, XOR, LESS, JUMP_IF, END };
  static const u8 program[] = { LOAD, 0, LOAD, 0, MULTIPLY, LOAD, 0, XOR, LOAD, 1, ADD, STORE, 1,
    LOAD, 0, PUSH, 1, ADD, STORE, 0, LOAD, 0, LOAD, 2, LESS, JUMP_IF, 0, END };
  u32 stack[16], *top = stack, variables[3] = { 0, 0, 400000 };
  for (const u8 *at = program;;) {
    switch (*at++) {
      case PUSH: *top++ = *at++; break;
      case LOAD: *top++ = variables[*at++]; break;
      case STORE: variables[*at++] = *--top; break;
      case ADD: top--; top[-1] += *top; break;
      case MULTIPLY: top--; top[-1] *= *top; break;
      case XOR: top--; top[-1] ^= *top; break;
      case LESS: top--; top[-1] = top[-1] < *top; break;
      case JUMP_IF: at = *--top ? program + *at : at + 1; break;
      case END: return variables[1];
    }
  }
}

/* A number of 1,024 bits to itself, again and again: what makes keys slow. */
static u32 big_numbers(void) {
  enum { LIMBS = 32 };
  u32 a[LIMBS], product[2 * LIMBS];
  state = 17;
  for (int i = 0; i < LIMBS; i++) a[i] = next();
  for (int round = 0; round < 6000; round++) {
    for (int i = 0; i < 2 * LIMBS; i++) product[i] = 0;
    for (int i = 0; i < LIMBS; i++) {
      u32 carry = 0;
      for (int j = 0; j < LIMBS; j++) {
        u64 sum = (u64)a[i] * a[j] + product[i + j] + carry;
        product[i + j] = sum;
        carry = sum >> 32;
      }
      product[i + LIMBS] = carry;
    }
    for (int i = 0; i < LIMBS; i++) a[i] = product[i] ^ product[i + LIMBS];
  }
  return a[0] ^ a[LIMBS - 1];
}

/* Mandelbrot's set, on the x87's stack. */
static u32 x87_loop(void) {
  u32 sum = 0;
  for (int row = 0; row < 128; row++)
    for (int column = 0; column < 64; column++) {
      double x = column / 24.0 - 2, y = row / 64.0 - 1, a = 0, b = 0;
      int left = 160;
      while (left && a * a + b * b < 4) {
        double was = a;
        a = a * a - b * b + x;
        b = 2 * was * b + y;
        left--;
      }
      sum = sum * 31 + left;
    }
  return sum;
}

static u32 x87_sines(void) {
  double sum = 0;
  for (int i = 0; i < 200000; i++) {
    double sine, cosine;
    __asm__("fsincos" : "=t"(cosine), "=u"(sine) : "0"(i * 0.001));
    sum += sine * cosine;
  }
  return (int)(sum * 1000);
}

/* y = a * x + y, four floats at a time. */
static u32 __attribute__((target("sse2"))) sse_floats(void) {
  enum { COUNT = 4096 };
  float *x = (float *)words, *y = x + COUNT;
  for (int i = 0; i < COUNT; i++) x[i] = i, y[i] = COUNT - i;
  __m128 a = _mm_set1_ps(0.000125f);
  for (int round = 0; round < 8000; round++)
    for (int i = 0; i < COUNT; i += 4)
      _mm_store_ps(y + i, _mm_add_ps(_mm_mul_ps(a, _mm_load_ps(x + i)), _mm_load_ps(y + i)));
  u32 sum = 0;
  for (int i = 0; i < COUNT; i++) sum = sum * 31 + (u32)(int)y[i];
  return sum;
}

/* Half of one picture and half of another, sixteen bytes at a time. */
static u32 __attribute__((target("sse2"))) sse_pixels(void) {
  __m128i total = _mm_setzero_si128();
  for (int round = 0; round < 200; round++)
    for (int i = 0; i < BUFFER / 2; i += 16) {
      __m128i one = _mm_load_si128((const __m128i *)(bytes + i));
      __m128i other = _mm_load_si128((const __m128i *)(bytes + BUFFER / 2 + i));
      __m128i mixed = _mm_avg_epu8(_mm_adds_epu8(one, _mm_set1_epi8(round)), other);
      _mm_store_si128((__m128i *)(more + i), mixed);
      total = _mm_add_epi32(total, _mm_sad_epu8(mixed, one));
    }
  return _mm_cvtsi128_si32(total) ^ _mm_cvtsi128_si32(_mm_srli_si128(total, 8));
}

static void print(const char *text) {
  int length = 0;
  while (text[length]) length++;
  call(WRITE, 1, text, length);
}

static void print_number(u32 value, u32 base) {
  char digits[12], *at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = "0123456789abcdef"[value % base]; while (value /= base);
  print(at);
}

static u32 now(void) {
  u32 time[2];
  call(GETTIMEOFDAY, (int)time, 0, 0);
  return time[0] * 1000000 + time[1];
}

static void measure(const char *name, u32 (*program)(void)) {
  u32 best = ~0u, sum = 0;
  for (int run = 0; run < RUNS; run++) {
    u32 start = now();
    sum = program();
    u32 took = now() - start;
    if (took < best) best = took;
  }
  print("@");
  print(name);
  print(" ");
  print_number(best, 10);
  print(" ");
  print_number(sum, 16);
  print("\n");
}

static const struct { const char *name; u32 (*program)(void); } PROGRAMS[] = {
  { "crc", crc }, { "sieve", sieve }, { "sort", sort }, { "matrix", matrix }, { "sha", sha },
  { "words", count_words }, { "queens", queens }, { "pack", pack }, { "bytecode", bytecode },
  { "bignum", big_numbers }, { "x87-loop", x87_loop }, { "x87-sines", x87_sines },
  { "sse-floats", sse_floats }, { "sse-pixels", sse_pixels },
};

/* A stack that SSE's loads may be aligned on. */
void __attribute__((force_align_arg_pointer)) _start(void) {
  write_text();
  for (unsigned i = 0; i < sizeof PROGRAMS / sizeof *PROGRAMS; i++) measure(PROGRAMS[i].name, PROGRAMS[i].program);
  call(EXIT, 0, 0, 0);
}
