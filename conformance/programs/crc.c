#include "start.h"

static u32 table[256];
static u8 text[20000];

static int run(void)
{
  for (u32 i = 0; i < 256; i++) {
    u32 x = i;
    for (int k = 0; k < 8; k++) x = x & 1 ? 0xedb88320 ^ x >> 1 : x >> 1;
    table[i] = x;
  }
  for (u32 i = 0; i < sizeof text; i++) text[i] = random_word();
  for (u32 size = 1; size <= sizeof text; size = size * 3 + 1) {
    u32 crc = ~0u;
    for (u32 i = 0; i < size; i++) crc = table[(crc ^ text[i]) & 255] ^ crc >> 8;
    put_hex(~crc);
  }
  return 0;
}
