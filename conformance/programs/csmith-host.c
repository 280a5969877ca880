/* What a program made by csmith (CSMITH_MINIMAL, NO_PRINTF) needs. */
#include "start.h"

int main(int count, char **words);

int putchar(int c)
{
  char letter = c;
  call(4, 1, (int)&letter, 1);
  return c;
}

int printf(const char *format, ...) { return format == 0; }

int strcmp(const char *a, const char *b)
{
  for (; *a == *b; a++, b++) if (!*a) return 0;
  return *a - *b;
}

static int run(void) { return main(0, 0) & 0xff; }

/* Only the safe arithmetic of floats would call these. */
double fabs(double x) { return x < 0 ? -x : x; }
float fabsf(float x) { return x < 0 ? -x : x; }

double ldexp(double x, int by)
{
  for (; by > 0; by--) x *= 2;
  for (; by < 0; by++) x /= 2;
  return x;
}

float ldexpf(float x, int by) { return ldexp(x, by); }
