// Runs pieces of 32-bit machine code on this machine.
// stdin: pieces of { u32 bytes, u32 blocks, u32 blockSize, code, blocks }.
// stdout: the blocks afterwards. EAX points to the block; the first byte of
// a block becomes 0xEE if the code died of a signal.
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf back;
static void died(int signal) { siglongjmp(back, signal); }

static int get(void *to, size_t bytes) { return fread(to, 1, bytes, stdin) == bytes; }

int main(void) {
  unsigned char *code = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *block = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int s = 1; s < 32; s++) if (s == SIGFPE || s == SIGSEGV || s == SIGILL || s == SIGBUS) signal(s, died);
  uint32_t head[3];
  while (get(head, sizeof head)) {
    if (!get(code, head[0])) return 1;
    code[head[0]] = 0xc3;
    for (uint32_t n = 0; n < head[1]; n++) {
      if (!get(block, head[2])) return 1;
      int signal = sigsetjmp(back, 1);
      if (signal == 0) {
        uint32_t at = (uint32_t)block, to = (uint32_t)code;
        __asm__ volatile("push %%ebp\n\tcall *%1\n\tpop %%ebp\n\tcld\n\tpushl $2\n\tpopf" : "+a"(at), "+c"(to) : : "ebx", "edx", "esi", "edi", "memory", "cc");
      } else block[0] = 0xee;
      __asm__ volatile("pushl $2\n\tpopf\n\tfninit\n\tpushl $0x1f80\n\tldmxcsr (%%esp)\n\tpop %%eax" : : : "eax", "memory");
      if (fwrite(block, 1, head[2], stdout) != head[2]) return 1;
    }
  }
  return 0;
}
