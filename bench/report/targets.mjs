// What a row of a table is held against. `met` gets the medians of both servers and of the other rows of the scenario (ours), and answers
// whether the target is met; where there is nothing to compare with, nobody asks it.

export function atLeastTimes(times) {
  return { text: `≥ ${times}× Java`, met: ({ ours, java }) => ours >= java * times, needsJava: true }
}

export function atMostTimes(times, said) {
  return { text: `≤ ${said} of Java`, met: ({ ours, java }) => ours <= java * times, needsJava: true }
}

export function atMost(limit) {
  return { text: `≤ ${limit.toLocaleString('en')}`, met: ({ ours }) => ours <= limit }
}

export function atLeast(limit) {
  return { text: `≥ ${limit.toLocaleString('en')}`, met: ({ ours }) => ours >= limit }
}

/** Not more than `margin` above another row. */
export function atMostAbove(margin, key) {
  return { text: `≤ ${margin} above ${key}`, met: ({ ours, others }) => ours <= others[key] + margin }
}
