/** What a project's platform is called, and how people call it. */
export const platforms = [
  { value: 'javascript', label: 'JavaScript (browser)' },
  { value: 'node', label: 'Node.js' },
  { value: 'python', label: 'Python' },
  { value: 'java', label: 'Java' },
  { value: 'kotlin', label: 'Kotlin' },
  { value: 'go', label: 'Go' },
  { value: 'csharp', label: 'C# and .NET' },
  { value: 'php', label: 'PHP' },
  { value: 'ruby', label: 'Ruby' },
  { value: 'rust', label: 'Rust' },
  { value: 'cocoa', label: 'Swift and Objective-C' },
  { value: 'native', label: 'C and C++' },
  { value: 'dart', label: 'Dart' },
  { value: 'elixir', label: 'Elixir' },
  { value: 'other', label: 'Something else' },
]

export function platformName(value: string): string {
  return platforms.find((one) => one.value === value)?.label ?? value
}
