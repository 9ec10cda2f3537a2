/** The name and its mark. */
export function Brand() {
  return (
    <div class="brand">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <rect width="16" height="16" rx="4" />
        <path d="M4.5 4.5h7l-7 7h7" />
      </svg>
      Zedis
    </div>
  );
}
