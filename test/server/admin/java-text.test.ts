import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fourDecimals, javaDate, javaDouble, socketText } from '../../../src/server/admin/java-text.ts'

describe('texts as Java prints them', () => {
  test.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [3, '3.0'],
    [0.625, '0.625'],
    [-1.5, '-1.5'],
    [0.001, '0.001'],
    [0.0006, '6.0E-4'],
    [0.00012345, '1.2345E-4'],
    [9_999_999, '9999999.0'],
    [10_000_000, '1.0E7'],
    [12_345_678.9, '1.23456789E7'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
    [NaN, 'NaN'],
  ])('double %d', (value, text) => {
    expect(javaDouble(value)).toBe(text)
  })

  test.each([
    [1 / 3, 0.3333],
    [2 / 3, 0.6667],
    [0.00005, 0.0001],
    [-0.12345, -0.1235],
  ])('%d to four decimals', (value, expected) => {
    expect(fourDecimals(value)).toBe(expected)
  })

  test('dates', () => {
    expect(javaDate(Date.parse('2026-11-21T20:38:45.999Z'))).toBe('Sat Nov 21 20:38:45 UTC 2026')
    expect(javaDate(0)).toBe('Thu Jan 01 00:00:00 UTC 1970')
    expect(javaDate(Date.parse('2024-02-29T23:59:59Z'))).toBe('Thu Feb 29 23:59:59 UTC 2024')
  })

  test('dates are those of the calendar', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(-1e12), max: new Date('2400-01-01'), noInvalidDate: true }), (date) => {
        const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ')
        expect(javaDate(date.getTime())).toBe(`${weekday} ${month} ${day} ${time} UTC ${Number(year)}`)
      }),
    )
  })

  test('addresses', () => {
    expect(socketText('127.0.0.1', 5)).toBe('/127.0.0.1:5')
    expect(socketText('0:0:0:0:0:0:0:1', 33_992)).toBe('/[0:0:0:0:0:0:0:1]:33992')
  })
})
