/* What the oracles are asked and answer; conformance/oracle.ts has the other end. */
#include <stdint.h>

enum { DATA_SIZE = 0x10000, CODE = 0x100000, CODE_SIZE = 0x10000 };
enum { MISSING = 0x8000, READ_ONLY = 0xc000, PAGE = 0x1000 };

struct poke { uint32_t address, value; };
struct request {
  uint32_t address, eip, length, kind;
  uint8_t code[16];
  uint32_t reg[8], eflags, segments[6];
  struct poke pokes[4];
};
struct answer {
  int32_t vector;
  uint32_t code, cr2, eip, reg[8], eflags, segments[6], count;
};
struct write { uint32_t address, size, low, high; };
