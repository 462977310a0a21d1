import { ExpiryBook } from './expiry-book.ts';

test('a second is due until the last of its closed ones is gone', () => {
  const book = new ExpiryBook();
  book.set('a', 1_001);
  book.set('b', 2_000);
  book.set('c', 2_001);
  expect(book.nextAt()).toBe(2_000);
  expect(book.delete('a')).toBe(true);
  expect(book.nextAt()).toBe(2_000);
  expect(book.delete('b')).toBe(true);
  expect(book.nextAt()).toBe(3_000);
  expect(book.delete('c')).toBe(true);
  expect(book.nextAt()).toBeUndefined();
  expect(book.delete('c')).toBe(false);
});

test('a new life of an id has its own expiry', () => {
  const book = new ExpiryBook();
  book.set('a', 1_000);
  book.set('a', 5_000);
  expect(book.size).toBe(1);
  expect(book.nextAt()).toBe(5_000);
});
