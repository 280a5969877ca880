#include "start.h"

enum { WORDS = 64 };
static u32 big[WORDS];

static u32 divide(u32 by)
{
  unsigned long long rest = 0;
  for (int i = WORDS - 1; i >= 0; i--) {
    u32 low, high = rest;
    __asm__("divl %3" : "=a"(low), "=d"(high) : "0"(big[i]), "rm"(by), "1"(high));
    big[i] = low;
    rest = high;
  }
  return rest;
}

/* 300! in decimal */
static int run(void)
{
  static char digits[WORDS * 10];
  int n = sizeof digits - 1;
  big[0] = 1;
  for (u32 k = 2; k <= 300; k++) {
    unsigned long long carry = 0;
    for (int i = 0; i < WORDS; i++) {
      carry += (unsigned long long)big[i] * k;
      big[i] = carry;
      carry >>= 32;
    }
  }
  for (int i = 0; i < 600; i++) digits[--n] = '0' + divide(10);
  put_text(digits + n);
  put_text("\n");
  return 0;
}
