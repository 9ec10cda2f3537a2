/** What each shell reads; all of them ask `completion words`. Where there is nothing to say, file names are completed. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# source <(zedis-cli completion bash)
_zedis_complete() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" completion words "\${COMP_WORDS[0]##*/}" -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _zedis_complete zedis-cli zedis
`,
  zsh: `#compdef zedis-cli zedis
# source <(zedis-cli completion zsh), behind compinit
_zedis_complete() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion words "\${words[1]:t}" -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then
    compadd -a found
  else
    _files
  fi
}
compdef _zedis_complete zedis-cli zedis
`,
  fish: `# zedis-cli completion fish > ~/.config/fish/completions/zedis-cli.fish
function __zedis_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '.*/' '' -- $words[1])
    $words[1] completion words $program -- $words[2..-1] "$current" 2>/dev/null
end
complete -c zedis-cli -a '(__zedis_complete)'
complete -c zedis -a '(__zedis_complete)'
`,
};
