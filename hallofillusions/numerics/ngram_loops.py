"""The inner loops of `ngrams`, compiled: counting, the suffix trie, scores and the walk.

All of them live in one file, since numba's cache of a function does not see that a function of
another file, which it calls, has changed.  Only `ngrams` imports this module, where it runs.

Items of a trie are the k-grams of a `Table`, k = 0 … order, numbered by length and then by code:
0 is the empty string.  An item with followers is a *state*.  What has occurred is closed under
substrings, so the suffix of a state is a state, and the longest state that is a suffix of a text
is found from that of the text less its last symbol.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiling import compiled

ESCAPE = np.uint64(255)
"""The symbol of a column that draws no symbol: alphabets end at 254."""
UNIT = np.uint64(53)
"""A uniform number is a whole number of this many bits, as `Generator.random` makes it."""
FRACTION = np.uint64(2**53 - 1)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiplicative hashing
ALL = np.uint64(2**64 - 1)
LARGE = 1 << 14
"""Cells of a hash table, with which the count of a long text begins."""
ONE = np.uint64(1)


# -- counting ---------------------------------------------------------------------------------


@compiled
def tally(blocks: Any, weights: Any, last: bool, width: int, bits: int) -> Any:
    """How often each string of ``width`` symbols occurs inside blocks (``last``: at their ends).

    A hash table with linear probing, at most half full: (its cells, the number of strings).  It
    begins no larger than the text asks for, and grows between pieces of the text, since a loop
    that may change an array is slow.
    """
    stop = blocks.shape[1] - width + 1
    begin = place = stop - 1 if last else 0
    room = 16
    while room < LARGE and room < 2 * len(blocks) * (stop - begin):
        room *= 2
    cells, used, b = np.zeros((room, 2), np.uint64), 0, 0
    while b < len(blocks):
        piece = len(cells) // 2 - used
        if piece < len(cells) // 8:
            cells = reseated(cells)
            continue
        if place > begin or stop - begin > piece:  # the rest of a block, or a part of it
            until, end = min(stop, place + piece), b + 1
        else:
            until, end = stop, min(len(blocks), b + piece // (stop - begin))
        used += fill(cells, blocks, weights, b, end, place, until, width, bits)
        b, place = (b, until) if until < stop else (end, begin)
    return cells, used


@compiled
def fill(
    cells: Any, blocks: Any, weights: Any, b: int, end: int, start: int, stop: int,
    width: int, bits: int,
) -> int:  # fmt: skip
    """Count the strings that begin at the places ``start`` … of the blocks b …; how many are new.

    A cell is a string's code and its count (a float), which lie side by side in memory.
    """
    sums, used = cells.view(np.float64), 0
    shift, mask = np.uint64(bits), ALL >> np.uint64(64 - width * bits)
    high, wrap = top_bits(cells), len(cells) - 1
    for block in range(b, end):
        weight, code = weights[block], np.uint64(0)
        for place in range(start, start + width - 1):
            code = (code << shift) | np.uint64(blocks[block, place])
        for place in range(start + width - 1, stop + width - 1):
            code = ((code << shift) | np.uint64(blocks[block, place])) & mask
            slot = np.int64((code * GOLDEN) >> high)
            while cells[slot, 0] != code and sums[slot, 1] != 0:
                slot = (slot + 1) & wrap
            if sums[slot, 1] == 0:
                cells[slot, 0] = code
                used += 1
            sums[slot, 1] += weight
    return used


@compiled
def top_bits(cells: Any) -> Any:
    """By how many bits a hash is shifted to the right to be a place of ``cells``."""
    high = 64
    while 1 << (64 - high) < len(cells):
        high -= 1
    return np.uint64(high)


@compiled
def seat(cells: Any, sums: Any, code: Any, high: Any) -> Any:
    """The place of ``code``, or the empty one where it belongs."""
    slot = np.int64((code * GOLDEN) >> high)
    while sums[slot, 1] != 0 and cells[slot, 0] != code:
        slot = (slot + 1) & (len(cells) - 1)
    return slot


@compiled
def reseated(cells: Any) -> Any:
    """The same hash table, four times as large."""
    wide, sums = np.zeros((4 * len(cells), 2), np.uint64), cells.view(np.float64)
    more, high = wide.view(np.float64), top_bits(wide)
    for old in range(len(cells)):
        if sums[old, 1] != 0:
            slot = seat(wide, more, cells[old, 0], high)
            wide[slot, 0], wide[slot, 1] = cells[old, 0], cells[old, 1]
    return wide


@compiled
def occupied(cells: Any, used: int) -> Any:
    """The strings of a hash table, in the order of their places."""
    found, f, sums = np.empty(used, np.uint64), 0, cells.view(np.float64)
    for slot in range(len(cells)):
        if sums[slot, 1] != 0:
            found[f] = cells[slot, 0]
            f += 1
    return found


@compiled
def looked_up(codes: Any, cells: Any) -> Any:
    """The counts of strings, all of which a hash table holds."""
    sums, high = cells.view(np.float64), top_bits(cells)
    found = np.empty(len(codes))
    for c in range(len(codes)):
        found[c] = sums[seat(cells, sums, codes[c], high), 1]
    return found


@compiled
def shortened(codes: Any, counts: Any, bits: int) -> Any:
    """The strings less their last symbol, and the sums of their counts."""
    short, sums, s = np.empty_like(codes), np.empty_like(counts), -1
    for c in range(len(codes)):
        code = codes[c] >> np.uint64(bits)
        if s >= 0 and short[s] == code:
            sums[s] += counts[c]
        else:
            s += 1
            short[s], sums[s] = code, counts[c]
    return short[: s + 1].copy(), sums[: s + 1].copy()


@compiled
def union(codes: Any, counts: Any, others: Any, more: Any) -> Any:
    """Two sorted lists of strings as one; the counts of what is in both add."""
    size = len(codes) + len(others)
    merged, sums = np.empty(size, np.uint64), np.zeros(size, counts.dtype)
    i = j = m = 0
    while i < len(codes) or j < len(others):
        left = j == len(others) or (i < len(codes) and codes[i] <= others[j])
        right = i == len(codes) or (j < len(others) and others[j] <= codes[i])
        if left:
            merged[m] = codes[i]
            sums[m] += counts[i]
            i += 1
        if right:
            merged[m] = others[j]
            sums[m] += more[j]
            j += 1
        m += 1
    return merged[:m].copy(), sums[:m].copy()


# -- the trie ---------------------------------------------------------------------------------
#
# Arrays are passed one by one: taking one out of a tuple, in a loop, costs more than its use.

FIRST, SUFFIX, LEVEL, MEMBERS = 0, 1, 2, 3
"""What `links` tells of every item but the longest: the first of its followers, which are the
items from there to the next one's; the item less its first symbol; its length; and, bit by bit
in words of 64, which symbols have followed it."""


@compiled
def links(codes: Any, counts: Any, base: Any, bits: int) -> Any:
    """(symbols, totals, nodes, suffixes, states) of the items; those of level k begin at base[k].

    ``states`` are the longest suffixes that are states, and ``totals`` how often a symbol has
    followed.  The followers of h are among those of its suffix, in one order: they are merged.
    """
    order, size = len(base) - 2, base[-2]
    symbols = (codes & ((ONE << np.uint64(bits)) - ONE)).astype(np.uint8)
    nodes = np.zeros((size + 1, MEMBERS + ((1 << bits) + 63) // 64), np.int64)
    suffixes, totals = np.zeros(len(codes), np.int64), np.zeros(size)
    for k in range(order):
        c = base[k + 1]
        for v in range(base[k], base[k + 1]):
            nodes[v, FIRST], nodes[v, SUFFIX], nodes[v, LEVEL] = c, suffixes[v], k
            x = nodes[suffixes[v], FIRST]
            while c < base[k + 2] and codes[c] >> np.uint64(bits) == codes[v]:
                if k > 0:
                    while symbols[x] != symbols[c]:
                        x += 1
                    suffixes[c] = x
                nodes[v, MEMBERS + (symbols[c] >> 6)] |= 1 << np.int64(symbols[c] & 63)
                totals[v] += counts[c]
                c += 1
    nodes[size, FIRST] = len(codes)
    states = np.zeros(len(codes), np.int64)
    for v in range(1, len(codes)):
        followed = v < size and nodes[v + 1, FIRST] > nodes[v, FIRST]
        states[v] = v if followed else states[suffixes[v]]
    return symbols, totals, nodes, suffixes, states


@compiled
def ones(word: Any) -> Any:
    """How many bits of a word are 1 (LLVM makes one instruction of it)."""
    word -= (word >> ONE) & np.uint64(0x5555555555555555)
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def child(nodes: Any, node: int, symbol: int) -> int:
    """The item ``node`` followed by ``symbol``, or 0."""
    place, bit = symbol >> 6, ONE << np.uint64(symbol & 63)
    word = np.uint64(nodes[node, MEMBERS + place])
    if word & bit == 0:
        return 0
    found = nodes[node, FIRST] + ones(word & (bit - ONE))
    for before in range(place):
        found += ones(np.uint64(nodes[node, MEMBERS + before]))
    return found


@compiled
def advanced(nodes: Any, states: Any, top: int, node: int, symbol: int) -> int:
    """The state of a text whose state was ``node``, after one more symbol.

    ``top`` is the length of a full context, order - 1.
    """
    if nodes[node, LEVEL] == top:
        node = nodes[node, SUFFIX]
    while True:
        found = child(nodes, node, symbol)
        if found:
            return states[found]
        if node == 0:
            return 0
        node = nodes[node, SUFFIX]


@compiled
def seats(codes: Any, nodes: Any) -> Any:
    """A hash table from the codes of strings to their items, plus 1."""
    size = 16
    while size < 2 * len(codes):
        size *= 2
    cells = np.zeros((size, 2), np.uint64)
    values, high = cells.view(np.float64), top_bits(cells)
    for c in range(len(codes)):
        slot = seat(cells, values, codes[c], high)
        cells[slot, 0], values[slot, 1] = codes[c], nodes[c] + 1
    return cells


@compiled
def reached(nodes: Any, states: Any, top: int, cells: Any, bits: int, contexts: Any) -> Any:
    """The longest suffix of each context that is a state: looked up, or step by step."""
    found = np.zeros(len(contexts), np.int64)
    values, high = cells.view(np.float64), top_bits(cells)
    for c in range(len(contexts)):
        code = np.uint64(0)
        for place in range(contexts.shape[1]):
            code = (code << np.uint64(bits)) | np.uint64(contexts[c, place])
        node: Any = -1
        if contexts.shape[1] == top:
            node = np.int64(values[seat(cells, values, code, high), 1]) - 1
        if node < 0:
            node = 0
            for place in range(contexts.shape[1]):
                node = advanced(nodes, states, top, node, np.int64(contexts[c, place]))
        found[c] = node
    return found


# -- probabilities ----------------------------------------------------------------------------


@compiled
def interpolated(nodes: Any, suffixes: Any, counts: Any, totals: Any, base: float) -> Any:
    """P(w|h) of every item hw by Witten and Bell; ``base`` = 1/K under the unigrams, 0: none."""
    law = np.zeros(len(counts))
    for h in range(len(totals)):
        distinct = nodes[h + 1, FIRST] - nodes[h, FIRST]
        escape = distinct if h > 0 or base > 0 else 0
        for c in range(nodes[h, FIRST], nodes[h + 1, FIRST]):
            below = law[suffixes[c]] if h > 0 else base
            law[c] = (counts[c] + escape * below) / (totals[h] + escape)
    return law


@compiled
def backed_off(nodes: Any, totals: Any, law: Any, base: float, node: int, symbol: int) -> float:
    """P(symbol|node) by Witten and Bell, whether or not the symbol has followed the node."""
    factor = 1.0
    while True:
        found = child(nodes, node, symbol)
        if found:
            return factor * law[found]
        if node == 0 and base == 0:
            return 0.0
        distinct = nodes[node + 1, FIRST] - nodes[node, FIRST]
        factor *= distinct / (totals[node] + distinct)
        if node == 0:
            return factor * base
        node = nodes[node, SUFFIX]


@compiled
def located(codes: Any, known: Any) -> Any:
    """The place of each code in the sorted list ``known``, or -1; both are read once, merged."""
    found, k = np.full(len(codes), -1), 0
    for c in range(len(codes)):
        while k < len(known) and known[k] < codes[c]:
            k += 1
        if k < len(known) and known[k] == codes[c]:
            found[c] = k
    return found


@compiled
def scored(
    codes: Any, bits: int, grams: Any, contexts: Any, nodes: Any, states: Any, top: int,
    totals: Any, law: Any, base: float,
) -> Any:  # fmt: skip
    """P by Witten and Bell of strings: sorted, so that they are merged with the items.

    ``grams`` and ``contexts`` are the codes of the last items and of those before; what is none of
    them goes on from the longest suffix that is a state.
    """
    found, g, h, node = np.empty(len(codes)), 0, 0, -1
    shift, mask = np.uint64(bits), (ONE << np.uint64(bits)) - ONE
    last, before, context = len(law) - len(grams), len(totals) - len(contexts), np.uint64(0)
    for c in range(len(codes)):
        while g < len(grams) and grams[g] < codes[c]:
            g += 1
        if g < len(grams) and grams[g] == codes[c]:
            found[c] = law[last + g]
            continue
        if node < 0 or codes[c] >> shift != context:
            context, node = codes[c] >> shift, 0
            while h < len(contexts) and contexts[h] < context:
                h += 1
            if h < len(contexts) and contexts[h] == context:
                node = states[before + h]
            else:
                for place in range(top - 1, -1, -1):
                    symbol = (context >> np.uint64(place * bits)) & mask
                    node = advanced(nodes, states, top, node, np.int64(symbol))
        symbol = codes[c] & mask
        found[c] = backed_off(nodes, totals, law, base, node, np.int64(symbol))
    return found


@compiled
def dense_rows(
    nodes: Any, symbols: Any, counts: Any, totals: Any, chosen: Any, size: int, escape: float,
    base: float,
) -> Any:  # fmt: skip
    """P(·|node) for each chosen node: its counts and ``escape`` · P(·|its suffix), as they add up.

    ``escape`` < 0 stands for the number of distinct followers (Witten and Bell); else it is the
    weight of the uniform law (0: maximum likelihood).  A node -1 is no state: its law is uniform.
    """
    rows = np.full((len(chosen), size), 1.0 / size)
    chain = np.empty(257, np.int64)
    for r in range(len(chosen)):
        node, depth = chosen[r], 0
        while node >= 0:
            chain[depth] = node
            depth += 1
            node = nodes[node, SUFFIX] if node > 0 and escape < 0 else -1
        for d in range(depth - 1, -1, -1):
            node = chain[d]
            begin, end, weight = nodes[node, FIRST], nodes[node + 1, FIRST], escape
            if escape < 0:
                weight = float(end - begin) if node > 0 or base > 0 else 0.0
            total = totals[node] + weight
            for w in range(size):
                rows[r, w] *= weight / total
            for c in range(begin, end):
                rows[r, symbols[c]] += counts[c] / total
    return rows


# -- alias tables -----------------------------------------------------------------------------
#
# A state draws one of its columns.  What a column leads to is packed in 64 bits: where the
# columns of the next state begin (44), how many there are (12) and the symbol drawn (8).


@compiled
def packed(begin: int, width: int) -> Any:
    return (np.uint64(begin) << np.uint64(20)) | (np.uint64(width) << np.uint64(8))


@compiled
def sparse_weights(nodes: Any, counts: Any, escape: Any) -> Any:
    """(places, weights): the counts of the followers of each state, and its ``escape`` if any."""
    places = np.zeros(len(escape), np.uint64)
    weights, w = np.empty(len(counts) + len(escape)), 0
    for v in range(len(escape)):
        begin = w
        for c in range(nodes[v, FIRST], nodes[v + 1, FIRST]):
            weights[w] = counts[c]
            w += 1
        if w > begin and escape[v] > 0:
            weights[w] = escape[v]
            w += 1
        places[v] = packed(begin, w - begin)
    return places, weights[:w].copy()


@compiled
def walker(weights: Any, goals: Any, entries: Any, scaled: Any, stack: Any) -> None:
    """Walker's table of one row by Vose's algorithm: what to keep in units of 2⁻⁵³."""
    width, total = len(weights), 0.0
    for w in range(width):
        total += weights[w]
    small, large = 0, width
    for w in range(width):
        scaled[w] = weights[w] * (width / total)
        entries[w, 0], entries[w, 1], entries[w, 2] = ONE << UNIT, goals[w], goals[w]
        if scaled[w] < 1:
            stack[small] = w
            small += 1
        else:
            large -= 1
            stack[large] = w
    while small > 0 and large < width:
        small -= 1
        little, donor = stack[small], stack[large]
        entries[little, 0], entries[little, 2] = np.uint64(scaled[little] * 2.0**53), goals[donor]
        scaled[donor] -= 1 - scaled[little]
        if scaled[donor] < 1:
            large += 1
            stack[small] = donor
            small += 1


@compiled
def sparse_columns(
    nodes: Any, states: Any, symbols: Any, places: Any, weights: Any, linked: bool
) -> Any:
    """(entries, owner): the columns of all states; ``linked``: they lead to the next state."""
    entries, owner = np.empty((len(weights), 3), np.uint64), np.empty(len(weights), np.int64)
    scaled, stack, goals = np.empty(256), np.empty(256, np.int64), np.empty(256, np.uint64)
    for v in range(len(places)):
        begin = np.int64(places[v] >> np.uint64(20))
        end = begin + np.int64((places[v] >> np.uint64(8)) & np.uint64(4095))
        first = nodes[v, FIRST]
        goals[end - begin - 1] = ESCAPE
        for c in range(first, nodes[v + 1, FIRST]):
            there = places[states[c]] if linked else np.uint64(0)
            goals[c - first] = there | np.uint64(symbols[c])
        owner[begin:end] = v
        walker(weights[begin:end], goals, entries[begin:end], scaled, stack)
    return entries, owner


@compiled
def dense_columns(
    nodes: Any, states: Any, top: int, places: Any, chosen: Any, rows: Any, linked: bool
) -> Any:
    """The entries of whole rows, one column a symbol."""
    count, size = rows.shape
    entries = np.empty((count * size, 3), np.uint64)
    scaled, stack, goals = np.empty(256), np.empty(256, np.int64), np.empty(256, np.uint64)
    for r in range(count):
        for w in range(size):
            goals[w] = np.uint64(w)
            if linked:
                goals[w] |= places[advanced(nodes, states, top, chosen[r], w)]
        walker(rows[r], goals, entries[r * size : (r + 1) * size], scaled, stack)
    return entries


# -- the walk ---------------------------------------------------------------------------------


@compiled
def drawn(entries: Any, place: Any, rng: Any) -> Any:
    """One column of a state and where it leads."""
    uniform = np.uint64(rng.random() * 2.0**53)
    product = uniform * ((place >> np.uint64(8)) & np.uint64(4095))
    column = np.int64((place >> np.uint64(20)) + (product >> UNIT))
    keeps = (product & FRACTION) < entries[column, 0]
    own, other = entries[column, 1], entries[column, 2]
    return column, own if keeps else other


@compiled
def escaped(
    entries: Any, owner: Any, places: Any, nodes: Any, states: Any, top: int, column: int,
    size: int, rng: Any,
) -> Any:  # fmt: skip
    """Where a walk goes that drew no symbol: it draws one of the suffix's law, or at last any."""
    origin = node = owner[column]
    symbol = ESCAPE
    while symbol == ESCAPE:
        if node == 0:
            symbol = np.uint64(rng.random() * size)
        else:
            node = nodes[node, SUFFIX]
            symbol = drawn(entries, places[node], rng)[1] & np.uint64(255)
    return places[advanced(nodes, states, top, origin, np.int64(symbol))] | symbol


@compiled
def walk(
    entries: Any, owner: Any, places: Any, nodes: Any, states: Any, top: int, begins: Any,
    texts: Any, skip: int, size: int, rng: Any,
) -> None:  # fmt: skip
    """Fill each row of ``texts``, from column ``skip`` on, with a chain that begins in a state."""
    for row in range(len(texts)):
        place = places[begins[row]]
        for t in range(skip, texts.shape[1]):
            column, place = drawn(entries, place, rng)
            if place & np.uint64(255) == ESCAPE:
                place = escaped(entries, owner, places, nodes, states, top, column, size, rng)
            texts[row, t] = place & np.uint64(255)


@compiled
def flat_walk(
    entries: Any, places: Any, lost: Any, cells: Any, bits: int, top: int, texts: Any,
    skip: int, rng: Any,
) -> None:  # fmt: skip
    """The same where the law is that of the full context, or else the row ``lost``.

    The context is looked up at every step, since an unknown one may be followed by a known one.
    """
    values, high, shift = cells.view(np.float64), top_bits(cells), np.uint64(bits)
    mask = (ONE << np.uint64(bits * top)) - ONE  # the longest context leaves a symbol's bits free
    for row in range(len(texts)):
        code = np.uint64(0)
        for t in range(skip - top, skip):
            code = (code << shift) | np.uint64(texts[row, t])
        for t in range(skip, texts.shape[1]):
            item = np.int64(values[seat(cells, values, code, high), 1])
            goal = ESCAPE
            if item > 0:
                goal = drawn(entries, places[item - 1], rng)[1]
            if goal == ESCAPE:
                goal = drawn(entries, lost, rng)[1]
            texts[row, t] = goal
            code = ((code << shift) | goal) & mask
