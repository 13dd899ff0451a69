"""Bounded many-source Dijkstra in numba (binary heap, stamped arrays, nogil, thread blocks)."""

from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np


@nb.njit(nogil=True, cache=True)
def _bd_block(indptr, indices, w, sources, cutoff, target_mask, use_mask):
    n = indptr.size - 1
    dist = np.empty(n, np.float32)
    stamp = np.zeros(n, np.int32)
    done = np.zeros(n, np.int32)
    hk = np.empty(1024, np.float32)
    hv = np.empty(1024, np.int32)
    cap = 1 << 20
    oi = np.empty(cap, np.int32)
    od = np.empty(cap, np.float32)
    optr = np.zeros(sources.size + 1, np.int64)
    m = 0
    for s in range(sources.size):
        st = s + 1
        hs = 1
        hk[0] = 0.0
        hv[0] = sources[s]
        dist[sources[s]] = 0.0
        stamp[sources[s]] = st
        while hs > 0:
            dk = hk[0]
            u = hv[0]
            hs -= 1
            # sift down last
            lk = hk[hs]
            lv = hv[hs]
            i = 0
            while True:
                c = 2 * i + 1
                if c >= hs:
                    break
                if c + 1 < hs and hk[c + 1] < hk[c]:
                    c += 1
                if hk[c] < lk:
                    hk[i] = hk[c]
                    hv[i] = hv[c]
                    i = c
                else:
                    break
            hk[i] = lk
            hv[i] = lv
            if done[u] == st:
                continue
            done[u] = st
            if (not use_mask) or target_mask[u]:
                if m == cap:
                    cap *= 2
                    a = np.empty(cap, np.int32)
                    a[:m] = oi
                    oi = a
                    b = np.empty(cap, np.float32)
                    b[:m] = od
                    od = b
                oi[m] = u
                od[m] = dk
                m += 1
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                nd = dk + w[e]
                if nd <= cutoff and (stamp[v] != st or nd < dist[v]):
                    stamp[v] = st
                    dist[v] = nd
                    if hs == hk.size:
                        a2 = np.empty(2 * hs, np.float32)
                        a2[:hs] = hk
                        hk = a2
                        b2 = np.empty(2 * hs, np.int32)
                        b2[:hs] = hv
                        hv = b2
                    j = hs
                    hs += 1
                    while j > 0:
                        p = (j - 1) >> 1
                        if hk[p] > nd:
                            hk[j] = hk[p]
                            hv[j] = hv[p]
                            j = p
                        else:
                            break
                    hk[j] = nd
                    hv[j] = v
        optr[s + 1] = m
    return optr, oi[:m].copy(), od[:m].copy()


def bounded_dijkstra(indptr, indices, w, sources, cutoff, target_mask=None, threads=2):
    """CSR (row = source) of distances <= cutoff; columns = node ids."""
    sources = np.asarray(sources, np.int32)
    um = target_mask is not None
    tm = target_mask if um else np.zeros(1, np.bool_)
    blocks = np.array_split(sources, max(1, threads * 4))
    blocks = [b for b in blocks if b.size]

    def f(b):
        return _bd_block(indptr, indices, w, b, np.float32(cutoff), tm, um)

    if threads == 1:
        res = [f(b) for b in blocks]
    else:
        with ThreadPoolExecutor(threads) as ex:
            res = list(ex.map(f, blocks))
    ptr = [np.zeros(1, np.int64)]
    off = 0
    for p, _, _ in res:
        ptr.append(p[1:] + off)
        off += p[-1]
    return np.concatenate(ptr), np.concatenate([r[1] for r in res]), np.concatenate([r[2] for r in res])
