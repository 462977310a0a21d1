export async function greet(name: string): Promise<string> {
  return Promise.resolve(`Hello, ${name}!`);
}
