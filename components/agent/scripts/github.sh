#!/bin/bash
# GitHub and GitHub Enterprise Server, for deploy-keys.sh. URL is the API's, PROJECT is OWNER/NAME.
# https://docs.github.com/en/rest/deploy-keys/deploy-keys

host() { echo GitHub; }
place() { echo "repository $PROJECT"; }
keys_address() { echo "${URL%/}/repos/$PROJECT/keys"; }
page_query() { echo "per_page=100&page=$1"; }
rights() { echo "the permission Administration (write), or the scope 'repo' of an administrator,"; }
titles_are_unique() { false; }
# An organization may disable keys that there are already.
read_only() { echo '(.read_only == true and .enabled != false)'; }
as_read_only() { echo '{read_only: true}'; }
refusal() {
  echo "If the key is in use, it is registered in another repository or account: remove '$TITLE' there." \
    "If deploy keys are disabled, an owner of the organization or enterprise can allow them"
}
