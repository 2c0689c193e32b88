// Which rows of x and y a block of threads works on, where tokens choose experts: as many as a tile has, tile after tile. Device code.
#pragma once
#include "row_code.h"

namespace prm {

template <int most>
struct alignas(16) ChosenRows {
  int32_t row[most], source[most];  // of y and of x; sources beyond `count` repeat the last
  int32_t count, next, expert;
};

// By the first warp.
template <int most>
__device__ void find_rows(const ExpertRows& e, ChosenRows<most>& rows) {
  int lane = lane_index(), count = 0;
  int64_t next = rows.next;
  if (e.chosen && !e.by_row) {
    while (next < e.rows && count < most) {
      int64_t at = next + lane;
      uint32_t mine = __ballot_sync(kAllLanes, at < e.rows && e.chosen[at] == int32_t(blockIdx.y));
      int place = count + __popc(mine & ((1u << lane) - 1));
      if ((mine >> lane & 1) && place < most) rows.row[place] = int32_t(at);
      count += __popc(mine), next += 32;
    }
    __syncwarp();
    if (count > most) count = most, next = rows.row[most - 1] + 1;  // the others wait for the next tile
  } else if (next == 0) {
    int64_t first = int64_t(blockIdx.y) * (e.by_row ? 1 : most), left = e.by_row ? 1 : e.rows - first;
    count = int(left < most ? left : most), next = 1;
    for (int i = lane; i < count; i += 32) rows.row[i] = int32_t(first + i);
  }
  __syncwarp();
  for (int i = lane; i < most && count; i += 32) rows.source[i] = rows.row[i < count ? i : count - 1] / int32_t(e.share);
  if (lane == 0) rows.count = count, rows.next = int32_t(next), rows.expert = !e.chosen ? 0 : e.by_row ? e.chosen[blockIdx.y] : int32_t(blockIdx.y);
}

// The block's first rows, and those after: until there are none. All threads.
template <int most>
__device__ void next_rows(const ExpertRows& e, ChosenRows<most>& rows) {
  if (threadIdx.x < 32) find_rows(e, rows);
  __syncthreads();
}
template <int most>
__device__ void first_rows(const ExpertRows& e, ChosenRows<most>& rows) {
  if (threadIdx.x == 0) rows.next = 0;
  __syncthreads();
  next_rows(e, rows);
}

}  // namespace prm
