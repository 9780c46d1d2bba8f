#!/bin/bash
# Gitea and Forgejo, for deploy-keys.sh. PROJECT is OWNER/NAME.
# https://docs.gitea.com/api/#tag/repository/operation/repoListKeys

host() { echo "Gitea (or Forgejo)"; }
place() { echo "repository $PROJECT"; }
keys_address() { echo "${URL%/}/api/v1/repos/$PROJECT/keys"; }
page_query() { echo "limit=50&page=$1"; }
rights() { echo "the scope 'write:repository' of an administrator"; }
titles_are_unique() { true; }
read_only() { echo '.read_only == true'; }
as_read_only() { echo '{read_only: true}'; }
refusal() { echo "If the key has been used, it is registered elsewhere there, such as in somebody's account: remove it there"; }
