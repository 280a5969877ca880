#include "start.h"

static u32 list[4000];

static void sort(int from, int to)
{
  if (to - from < 2) return;
  u32 middle = list[(from + to) / 2];
  int i = from, j = to - 1;
  while (i <= j) {
    while (list[i] < middle) i++;
    while (list[j] > middle) j--;
    if (i <= j) { u32 x = list[i]; list[i++] = list[j]; list[j--] = x; }
  }
  sort(from, j + 1);
  sort(i, to);
}

static int run(void)
{
  u32 sum = 0;
  for (int i = 0; i < 4000; i++) list[i] = random_word();
  sort(0, 4000);
  for (int i = 0; i < 4000; i += 100) put_hex(list[i]);
  for (int i = 1; i < 4000; i++) sum += (list[i - 1] <= list[i]) * i;
  put_hex(sum);
  return 0;
}
