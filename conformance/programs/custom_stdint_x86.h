/* csmith asks for its types under this name. */
#include <stdint.h>
