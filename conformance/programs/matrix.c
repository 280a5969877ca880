#include "start.h"

enum { N = 24 };
static double a[N][N], b[N][N], c[N][N];
static float f[N];
static long double wide;

static int run(void)
{
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (int)(random_word() % 2001) - 1000;
      b[i][j] = (double)random_word() / 65537.0;
    }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) c[i][j] += a[i][k] * b[k][j];
  for (int i = 0; i < N; i++) {
    union { double d; u32 w[2]; } x = { c[i][(i * 7) % N] };
    union { float f; u32 w; } y;
    f[i] = (float)x.d / 3.0f;
    y.f = f[i];
    wide += (long double)x.d / (i + 1);
    put_hex(x.w[0]);
    put_hex(x.w[1]);
    put_hex(y.w);
    put_hex((u32)(int)(x.d / 1000000.0));
  }
  put_hex((u32)(long long)wide);
  return 0;
}
