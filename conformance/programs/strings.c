#include "start.h"

static char text[3000];

static int find(const char *what, const char *in)
{
  for (int i = 0; in[i]; i++) {
    int k = 0;
    while (what[k] && in[i + k] == what[k]) k++;
    if (!what[k]) return i;
  }
  return -1;
}

static int run(void)
{
  for (int i = 0; i < 2999; i++) text[i] = "abc "[random_word() & 3];
  const char *wanted[] = { "abc", "a a a", "cccc", "b  b", "never" };
  for (int i = 0; i < 5; i++) put_hex(find(wanted[i], text));
  int words = 0, longest = 0, now = 0;
  for (int i = 0; text[i]; i++) {
    if (text[i] == ' ') { words += now > 0; now = 0; }
    else if (++now > longest) longest = now;
  }
  for (int i = 0, j = 2998; i < j; i++, j--) {
    char x = text[i];
    text[i] = text[j];
    text[j] = x;
  }
  text[64] = '\n';
  text[65] = 0;
  put_text(text);
  put_hex(words);
  put_hex(longest);
  return words & 63;
}
