// The name and the mark: a cell within a wall.

export function Logo() {
  return (
    <span class="flex shrink-0 items-center gap-2 text-base font-semibold tracking-tight">
      <svg aria-hidden="true" width="24" height="24" viewBox="0 0 32 32">
        <rect width="32" height="32" rx="8" class="fill-accent-fill" />
        <path d="M16 5.5 25 10.7v10.6L16 26.5 7 21.3V10.7z" fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="2" stroke-linejoin="round" />
        <circle cx="16" cy="16" r="4" fill="#fff" />
      </svg>
      isolet
    </span>
  )
}
